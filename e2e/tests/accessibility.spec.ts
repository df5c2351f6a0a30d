import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '../fixtures.ts';
import { hydrated } from '../journeys.ts';
import { colorSchemes, pages, widths } from '../pages.ts';

for (const { name, path, signedIn } of pages) {
  for (const width of widths) {
    test(`${name} at ${width} pixels is accessible in light and dark`, async ({ page, signIn, library }) => {
      if (signedIn) await signIn(library.owner);
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of colorSchemes) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.goto(path(library));
        await hydrated(page);
        await expect(page.getByRole('main')).toBeVisible();
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(describe), `${name}, ${width}, ${colorScheme}`).toEqual([]);
      }
    });

    test(`${name} at ${width} pixels needs no sideways scrolling`, async ({ page, signIn, library }) => {
      if (signedIn) await signIn(library.owner);
      await page.setViewportSize({ width, height: 900 });
      await page.goto(path(library));
      await hydrated(page);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBe(0);
    });
  }
}

/** What rule is broken, and by which elements. */
function describe(violation: { id: string; help: string; nodes: { html: string }[] }): string {
  return `${violation.id}: ${violation.help}\n${violation.nodes.map(({ html }) => `  ${html}`).join('\n')}`;
}
