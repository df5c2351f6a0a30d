// Tells what a browser with nothing stored fetches for a page: bytes as they travel, and requests.

import { test, type Request } from '@playwright/test';
import { hydrated } from './journeys.ts';
import { Person } from './person.ts';

const server = process.env.FIRST_PAGE_SERVER ?? '';

for (const name of ['sign-in', 'home']) {
  test(name, async ({ page, context }) => {
    if (name === 'home') await context.addCookies((await (await Person.signUp(server, 'Fay First')).session()).cookies);
    const finished: Request[] = [];
    page.on('requestfinished', (request) => finished.push(request));
    await page.goto(name === 'home' ? server : `${server}/sign-in`, { waitUntil: 'networkidle' });
    if (name === 'home') await hydrated(page);
    const sizes = await Promise.all(finished.map((request) => request.sizes()));
    const bytes = sizes.reduce((sum, size) => sum + size.responseBodySize + size.responseHeadersSize, 0);
    console.log(JSON.stringify({ name, bytes, requests: finished.length }));
  });
}
