import { defineConfig } from '@playwright/test';
import { launchOptions } from './browser.ts';

export default defineConfig({
  testDir: '.',
  testMatch: 'first-page.ts',
  outputDir: 'test-results',
  reporter: [['line']],
  use: { launchOptions, locale: 'en-GB' },
});
