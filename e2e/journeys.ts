// What people do on the pages, by the roles and names that everybody perceives.

import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { lighthouse } from './fixtures.ts';

/** Resolves once the page reacts to its own scripts. Pages for visitors bring none: they are whole as they arrive. */
export async function hydrated(page: Page): Promise<void> {
  await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
}

/** Fills in the sign-up page and ends on the home page. */
export async function signUp(page: Page, name: string): Promise<void> {
  await page.goto('/sign-up');
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Email').fill(`${crypto.randomUUID()}@example.org`);
  await page.getByLabel('Password').fill(`umbrella-${crypto.randomUUID()}`);
  await page.getByRole('button', { name: 'Sign up' }).click();
  await expect(page).toHaveURL('/');
}

/** Expects the page as it stands, with whatever is open on it, to break no rule of accessibility. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
}

/** Expects nothing to stick out of the page at its sides. */
export async function expectNoSidewaysScrolling(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
}

/** The file input of a knowledge base's page. */
export function filePicker(page: Page) {
  return page.locator('input[type="file"]');
}

/** Asks on the home page. */
export async function ask(page: Page, question: string): Promise<void> {
  const box = page.getByRole('textbox', { name: 'Ask a question' });
  await box.fill(question);
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
}

/** The link of an answer's citation: a number in the text. */
export function citation(page: Page, number: number) {
  return page.getByRole('main').getByRole('link', { name: `Source ${number}: ` }).first();
}

/** Expects the document page, opened by a citation, to show the quote highlighted among the document's other words. */
export async function expectHighlightedQuote(page: Page): Promise<void> {
  await expect(page).toHaveURL(/\/documents\//);
  await expect(page.getByRole('heading', { level: 1, name: lighthouse.file })).toBeVisible();
  const mark = page.locator('mark').first();
  await expect(mark).toContainText(lighthouse.quote);
  await expect(mark).toBeInViewport();
}
