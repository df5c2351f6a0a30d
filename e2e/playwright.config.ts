import { defineConfig } from '@playwright/test';
import { launchOptions } from './browser.ts';

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  timeout: 60_000,
  expect: { timeout: 15_000 },
  workers: 2,
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
  // Recording traces takes a quarter of the time; `--trace retain-on-failure` asks for them.
  use: { launchOptions, locale: 'en-GB', screenshot: 'only-on-failure' },
  projects: [
    { name: 'hydrated', testIgnore: '**/without-javascript/**' },
    { name: 'without JavaScript', testMatch: '**/without-javascript/**', use: { javaScriptEnabled: false } },
  ],
});
