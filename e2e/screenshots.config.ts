import { defineConfig } from '@playwright/test';
import { launchOptions } from './browser.ts';

export default defineConfig({
  testDir: '.',
  testMatch: 'screenshots.ts',
  outputDir: 'test-results',
  timeout: 120_000,
  reporter: [['list']],
  use: { launchOptions, locale: 'en-GB' },
});
