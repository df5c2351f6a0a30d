// What goes wrong in a page reaches a real receiver of Sentry's, through the server, and says nothing about anybody.

import type { Page } from '@playwright/test';
import { expect, lighthouse, test as base } from '../fixtures.ts';
import { Hyperion } from '../hyperion.ts';
import { hydrated } from '../journeys.ts';
import { Person } from '../person.ts';
import { Sentry } from '../sentry.ts';

interface Reporting {
  sentry: Sentry;
  hyperion: Hyperion;
  person: Person;
  /** The page of a conversation, as an address with a query. */
  address: string;
}

const test = base.extend<{ reporting: Reporting }>({
  reporting: async ({ context }, use) => {
    const sentry = await Sentry.start();
    const hyperion = await Hyperion.start({ HYPERION_SENTRY_DSN: sentry.dsn, SENTRY_ENVIRONMENT: 'staging' });
    const person = await Person.signUp(hyperion.url, 'Jane Zanzibar');
    const { conversation } = await person.ask(lighthouse.question);
    await context.addCookies((await person.session()).cookies);
    const address = `${hyperion.url}/conversations/${conversation}?find=zanzibar`;
    await use({ sentry, hyperion, person, address });
    await hyperion.stop();
    await sentry.stop();
  },
});

/** Changes what the server answers at addresses like this. */
async function change(page: Page, address: RegExp, how: (text: string) => string): Promise<void> {
  await page.route(address, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: how(await response.text()) });
  });
}

/** Has the app's own script do this when it is asked to. */
async function onRequest(page: Page, code: string): Promise<void> {
  const asked = `addEventListener('asked', () => { ${code} });`;
  await change(page, /\/site\/hyperion-.*\.js$/, (script) => `${script}\n${asked}`);
}

async function ask(page: Page): Promise<void> {
  await page.evaluate(() => dispatchEvent(new Event('asked')));
}

function expectNothingPersonal(reports: unknown, { person, address }: Reporting): void {
  const sent = JSON.stringify(reports);
  for (const personal of ['anzibar', person.email, new URL(address).pathname.split('/').at(-1), 'Skerry', 'cookie']) {
    expect(sent).not.toContain(personal);
  }
}

test('a panic of the app is reported with its place, and only once', async ({ page, reporting }) => {
  // As when an extension writes into the page: what the app takes over is not what it would have made.
  await change(page, /\/conversations\//, (html) => html.replace(/<body[^>]*>/, '$&Jane Zanzibar'));
  let sent = 0;
  page.on('request', (request) => (sent += Number(request.url().endsWith('/api/v1/error-reports'))));
  // A panic ends in an error that nothing catches, too.
  const failed = page.waitForEvent('pageerror');
  await page.goto(reporting.address);
  await page.locator('html[data-stopped]').waitFor({ state: 'attached' });
  await failed;

  const reports = await reporting.sentry.received(1);
  expect(reports).toHaveLength(1);
  expect(sent).toBe(1);
  const [report] = reports;
  expect(report).toMatchObject({
    level: 'fatal',
    platform: 'javascript',
    environment: 'staging',
    transaction: '/conversations/:id',
    release: expect.stringMatching(/^hyperion@\d+\.\d+\.\d+\+[0-9a-f]{16}$/),
    request: { headers: { 'User-Agent': expect.stringContaining('Chrome') } },
  });
  const panic = report?.exception.values[0];
  expect(panic?.type).toMatch(/^panic at \S+\.rs:\d+$/);
  const frames = panic?.stacktrace.frames ?? [];
  expect(frames.at(-1)?.filename).toMatch(/\.rs$/);
  expect(frames.length).toBeGreaterThan(1);
  expectNothingPersonal(reports, reporting);
});

test('errors of the scripts are reported, a handful of them, and those of others are not', async ({ page, reporting }) => {
  await onRequest(
    page,
    `addEventListener('unhandledrejection', () => {
      for (let n = 0; n < 9; n++) setTimeout(() => JSON.parse('Jane Zanzibar ' + n));
    }, { once: true });
    Promise.reject(new RangeError('"Jane Zanzibar" is too much'));`,
  );
  await page.goto(reporting.address);
  await hydrated(page);
  const failed = page.waitForEvent('pageerror');
  await page.evaluate(() => setTimeout(() => Promise.reject(new Error('of an extension'))));
  await failed;
  await ask(page);

  const reports = await reporting.sentry.received(5);
  expect(reports).toHaveLength(5);
  const kinds = reports.map((report) => report.exception.values[0]?.type);
  expect(new Set(kinds)).toEqual(new Set(['SyntaxError', 'RangeError']));
  const [frame] = reports[0]?.exception.values[0]?.stacktrace.frames.slice(-1) ?? [];
  expect(frame?.filename).toMatch(/^app:\/\/\/site\/hyperion-[0-9a-f]{16}\.js$/);
  expect(frame?.lineno).toBeGreaterThan(1);
  expectNothingPersonal(reports, reporting);
});

test('a page of a server that reports nothing names no receiver and reports nothing', async ({ page, signIn, library }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await onRequest(page, 'setTimeout(() => { throw new Error() });');
  await signIn(library.owner);
  await page.goto('/');
  await hydrated(page);
  const failed = page.waitForEvent('pageerror');
  await ask(page);
  await failed;
  await expect(page.locator('meta[name="error-reports"]')).toHaveCount(0);
  expect(asked).not.toContain('/api/v1/error-reports');
});
