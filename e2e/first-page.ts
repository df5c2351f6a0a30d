// Tells what a browser with nothing stored fetches for the sign-in page: bytes as they travel, and requests.

import { test, type Request } from '@playwright/test';
import { hydrated } from './journeys.ts';

test('first page', async ({ page }) => {
  const finished: Request[] = [];
  page.on('requestfinished', (request) => finished.push(request));
  await page.goto(`${process.env.FIRST_PAGE_SERVER}/sign-in`, { waitUntil: 'networkidle' });
  await hydrated(page);
  const sizes = await Promise.all(finished.map((request) => request.sizes()));
  const bytes = sizes.reduce((sum, size) => sum + size.responseBodySize + size.responseHeadersSize, 0);
  console.log(JSON.stringify({ bytes, requests: finished.length }));
});
