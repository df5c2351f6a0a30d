import { expect, test } from '../fixtures.ts';
import { expectAccessible, expectNoSidewaysScrolling, hydrated } from '../journeys.ts';
import { colorSchemes, pages, widths } from '../pages.ts';

for (const { name, path, signedIn } of pages) {
  test(`${name} is accessible, wide and narrow, in light and dark`, async ({ page, signIn, library }) => {
    if (signedIn) await signIn(library.owner);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.goto(path(library));
    if (signedIn) await hydrated(page);
    await expect(page.getByRole('main')).toBeVisible();
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      await test.step(`${width} pixels need no sideways scrolling`, () => expectNoSidewaysScrolling(page));
      for (const colorScheme of colorSchemes) {
        await page.emulateMedia({ colorScheme });
        await test.step(`${width} pixels, ${colorScheme}`, () => expectAccessible(page));
      }
    }
  });
}
