// Saves every page, wide and narrow, light and dark, as e2e/screenshots/{page}-{width}-{scheme}.png.

import { resolve } from 'node:path';
import { test } from './fixtures.ts';
import { hydrated } from './journeys.ts';
import { colorSchemes, pages, widths } from './pages.ts';

const folder = resolve(import.meta.dirname, 'screenshots');

for (const { name, path, signedIn } of pages) {
  test(name, async ({ page, signIn, library }) => {
    if (signedIn) await signIn(library.owner);
    for (const width of widths) {
      for (const colorScheme of colorSchemes) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.goto(path(library));
        if (signedIn) await hydrated(page);
        await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      }
    }
  });
}
