import { createServer, type Server } from 'node:http';
import { mkdir, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from '../fixtures.ts';
import { filePicker, hydrated } from '../journeys.ts';
import { Person } from '../person.ts';

interface File {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

function text(name: string, contents: string): File {
  return { name, mimeType: 'text/plain', buffer: Buffer.from(contents) };
}

/** Files that all differ. */
function texts(count: number): File[] {
  return Array.from({ length: count }, (_, number) =>
    text(`note-${String(number).padStart(3, '0')}.txt`, `Note number ${number} is about the ${number}th thing.`),
  );
}

function row(page: Page, name: string) {
  return page.getByRole('row', { name });
}

async function openNew(page: Page, person: Person, name = 'Papers'): Promise<string> {
  const id = await person.createKnowledgeBase(name);
  await page.goto(`/knowledge-bases/${id}`);
  await hydrated(page);
  return id;
}

/** Hands files to the page as if they were dropped on it, or pasted. */
async function give(page: Page, kind: 'drop' | 'paste', files: File[]): Promise<void> {
  const contents = files.map(({ name, mimeType, buffer }) => ({ name, mimeType, text: buffer.toString() }));
  await page.evaluate(
    ({ kind, contents }) => {
      const data = new DataTransfer();
      for (const { name, mimeType, text } of contents) data.items.add(new File([text], name, { type: mimeType }));
      const options = { bubbles: true, cancelable: true };
      const main = document.querySelector('main')!;
      if (kind === 'paste') {
        main.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: data }));
      } else {
        main.dispatchEvent(new DragEvent('dragover', { ...options, dataTransfer: data }));
        main.dispatchEvent(new DragEvent('drop', { ...options, dataTransfer: data }));
      }
    },
    { kind, contents },
  );
}

let person: Person;

test.beforeEach(async ({ hyperion, signIn }) => {
  person = await Person.signUp(hyperion.url, 'Lina Librarian');
  await signIn(person);
});

test.describe('the list', () => {
  test('tells a newcomer what to do, and opens what is made', async ({ page }) => {
    await page.goto('/knowledge-bases');
    await hydrated(page);
    await expect(page.getByText('No knowledge bases yet')).toBeVisible();
    await page.getByLabel('Name').fill('Contracts');
    await page.getByLabel('Description').fill('Signed ones only');
    await page.getByRole('button', { name: 'Create' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Contracts' })).toBeVisible();
    await expect(page.getByText('Signed ones only')).toBeVisible();
    await expect(page.getByText('Add some above.')).toBeVisible();
  });

  test('counts documents, says what failed, finds by name and shows more', async ({ page }) => {
    const filled = await person.createKnowledgeBase('Filled');
    await person.upload(filled, 'one.txt', 'The only document.');
    await page.request.post(`/api/v1/knowledge-bases/${filled}/documents`, { multipart: { file: text('empty.txt', ' ') } });
    for (let number = 0; number < 55; number++) await person.createKnowledgeBase(`Shelf ${number}`);
    await page.goto('/knowledge-bases');
    await hydrated(page);
    const items = page.getByRole('main').getByRole('listitem');
    await expect(items).toHaveCount(50);
    await page.getByRole('link', { name: 'Show more' }).click();
    await expect(items).toHaveCount(56);
    await expect(page.getByRole('link', { name: 'Show more' })).toHaveCount(0);
    await expect(items.filter({ hasText: 'Filled' })).toContainText('2 documents');

    await page.getByRole('searchbox', { name: 'Search', exact: true }).fill('fill');
    await page.keyboard.press('Enter');
    await expect(items).toHaveCount(1);
    await expect(items).toContainText('1 failed');
  });

  test('says that a name is taken', async ({ page }) => {
    await person.createKnowledgeBase('Contracts');
    await page.goto('/knowledge-bases');
    await hydrated(page);
    await page.getByText('New knowledge base').click();
    await page.getByLabel('Name').fill('Contracts');
    await page.getByRole('button', { name: 'Create' }).click();
    await expect(page.getByRole('alert').filter({ hasText: /name/i })).toBeVisible();
  });
});

test('a knowledge base is renamed, described and deleted', async ({ page }) => {
  await openNew(page, person, 'Drafts');
  await page.getByRole('button', { name: 'Rename' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Final versions');
  await dialog.getByLabel('Description').fill('As signed');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Final versions' })).toBeVisible();
  await expect(page.getByText('As signed')).toBeVisible();
  await expect(dialog).toBeHidden();

  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Final versions' })).toBeVisible();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete knowledge base' }).click();
  await expect(page).toHaveURL('/knowledge-bases');
  await expect(page.getByText('Final versions')).toHaveCount(0);
});

test('a knowledge base is shared, the share changed and taken back', async ({ page, hyperion, browser }) => {
  const friend = await Person.signUp(hyperion.url, 'Fred Friend');
  const id = await openNew(page, person, 'Shared');
  await person.upload(id, 'plan.txt', 'The plan is simple.');
  const theirs = await (await browser.newContext({ storageState: await friend.session(), baseURL: hyperion.url })).newPage();

  await page.getByRole('button', { name: 'Share' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Email').fill('nobody@example.org');
  await dialog.getByRole('button', { name: 'Add person' }).click();
  await expect(dialog.getByText('Nobody here has this e-mail address.')).toBeVisible();
  await dialog.getByLabel('Email').fill(friend.email);
  await dialog.getByRole('button', { name: 'Add person' }).click();
  await expect(dialog.getByRole('combobox', { name: 'What Fred Friend may do' })).toHaveValue('viewer');

  // A viewer reads, and sees nothing that changes anything.
  await theirs.goto(`/knowledge-bases/${id}`);
  await hydrated(theirs);
  await expect(theirs.getByText('Lina Librarian shares this with you')).toBeVisible();
  await expect(row(theirs, 'plan.txt')).toContainText('Ready');
  await expect(filePicker(theirs)).toHaveCount(0);
  for (const name of ['Rename', 'Share', 'Delete', 'Delete plan.txt']) {
    await expect(theirs.getByRole('button', { name, exact: true })).toHaveCount(0);
  }
  await row(theirs, 'plan.txt').getByRole('link', { name: 'plan.txt', exact: true }).click();
  await expect(theirs.getByText('The plan is simple.')).toBeVisible();
  await expect(theirs.getByRole('button', { name: 'Delete' })).toHaveCount(0);

  await dialog.getByRole('combobox', { name: 'What Fred Friend may do' }).selectOption('editor');
  await expect(async () => {
    await theirs.goto(`/knowledge-bases/${id}`);
    await expect(filePicker(theirs)).toHaveCount(1, { timeout: 1_000 });
  }).toPass();
  await expect(theirs.getByRole('button', { name: 'Delete', exact: true })).toHaveCount(0);

  await dialog.getByRole('button', { name: 'Remove Fred Friend' }).click();
  await expect(dialog.getByText(friend.email)).toHaveCount(0);
  expect((await theirs.goto(`/knowledge-bases/${id}`))?.status()).toBe(404);
});

test('who was given access may leave', async ({ page, hyperion, browser }) => {
  const friend = await Person.signUp(hyperion.url, 'Lea Leaver');
  const id = await person.createKnowledgeBase('Left');
  const shared = await page.request.put(`/api/v1/knowledge-bases/${id}/members`, {
    data: { email: friend.email, access: 'viewer' },
  });
  expect(shared.ok()).toBe(true);
  const theirs = await (await browser.newContext({ storageState: await friend.session(), baseURL: hyperion.url })).newPage();
  await theirs.goto(`/knowledge-bases/${id}`);
  await hydrated(theirs);
  await theirs.getByRole('button', { name: 'People' }).click();
  await theirs.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
  await expect(theirs).toHaveURL('/knowledge-bases');
  await expect(theirs.getByText('No knowledge bases yet')).toBeVisible();
});

test.describe('adding documents', () => {
  test('several by the picker; those that are there already are named', async ({ page }) => {
    await openNew(page, person);
    await filePicker(page).setInputFiles([text('a.txt', 'About apples.'), text('b.txt', 'About bees.')]);
    await expect(row(page, 'a.txt')).toContainText('Ready', { timeout: 30_000 });
    await expect(row(page, 'b.txt')).toContainText('Ready', { timeout: 30_000 });
    await expect(page.getByRole('heading', { name: '2 files sent' })).toBeVisible();

    await filePicker(page).setInputFiles([text('copy of a.txt', 'About apples.')]);
    const note = page.getByRole('listitem').filter({ hasText: 'copy of a.txt' });
    await expect(note).toContainText('it is the same file as a.txt');
    await note.getByRole('link', { name: 'a.txt' }).click();
    await expect(page.getByText('About apples.')).toBeVisible();
  });

  test('by dropping them on the page', async ({ page }) => {
    await openNew(page, person);
    await give(page, 'drop', [text('dropped.txt', 'Dropped words.')]);
    await expect(row(page, 'dropped.txt')).toContainText('Ready', { timeout: 30_000 });
    await expect(page.getByText('Drop files and folders to add them')).toHaveCount(0);
  });

  test('by dropping a folder, with what is in its folders', async ({ page }, testInfo) => {
    const folder = testInfo.outputPath('papers');
    await mkdir(join(folder, 'older', 'still older'), { recursive: true });
    await writeFile(join(folder, 'new.txt'), 'New words.');
    await writeFile(join(folder, '.hidden'), 'Hidden words.');
    await writeFile(join(folder, 'older', 'still older', 'old.txt'), 'Old words.');
    await openNew(page, person);
    const browser = await page.context().newCDPSession(page);
    const data = { items: [], files: [folder], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await browser.send('Input.dispatchDragEvent', { type, x: 400, y: 400, data });
    }
    await expect(row(page, 'new.txt')).toContainText('Ready', { timeout: 30_000 });
    await expect(row(page, 'old.txt')).toContainText('Ready', { timeout: 30_000 });
    await expect(page.getByRole('heading', { name: '2 files sent' })).toBeVisible();
  });

  test('by pasting files, or text', async ({ page, context }) => {
    await openNew(page, person);
    await give(page, 'paste', [text('pasted.txt', 'Pasted words.')]);
    await expect(row(page, 'pasted.txt')).toContainText('Ready', { timeout: 30_000 });

    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.evaluate(() => navigator.clipboard.writeText('Words without a file.'));
    await page.getByRole('heading', { level: 1 }).click();
    await page.keyboard.press('Control+V');
    await expect(row(page, 'Pasted 2')).toContainText('Ready', { timeout: 30_000 });

    // Into a field, text is pasted as everywhere.
    await page.getByText('Add from a web address').click();
    await page.getByLabel('Web address').focus();
    await page.keyboard.press('Control+V');
    await expect(page.getByLabel('Web address')).toHaveValue('Words without a file.');
  });

  test('from a web address, or saying why not', async ({ page }) => {
    const server = await serve('<title>Guide</title><h1>Guide</h1><p>Walk slowly.</p>');
    const { port } = server.address() as AddressInfo;
    await openNew(page, person);
    await page.getByText('Add from a web address').click();
    await page.getByLabel('Web address').fill(`http://127.0.0.1:${port}/guide.html`);
    await page.getByRole('button', { name: 'Fetch' }).click();
    await expect(page.getByText('Added guide.html.')).toBeVisible();
    await expect(row(page, 'guide.html')).toContainText('Ready', { timeout: 30_000 });

    await page.getByLabel('Web address').fill(`http://127.0.0.1:${port}/missing`);
    await page.getByRole('button', { name: 'Fetch' }).click();
    await expect(page.getByRole('alert').filter({ hasText: '404' })).toBeVisible();

    await row(page, 'guide.html').getByRole('link', { name: 'guide.html', exact: true }).click();
    await expect(page.getByRole('link', { name: `http://127.0.0.1:${port}/guide.html` })).toBeVisible();
    server.close();
  });

  test('two hundred at once, all of which end ready', async ({ page }) => {
    test.setTimeout(240_000);
    await openNew(page, person);
    await filePicker(page).setInputFiles(texts(200));
    await expect(page.getByRole('heading', { name: '200 files sent' })).toBeVisible({ timeout: 60_000 });
    await expect(page.getByText('200 of 200 ready')).toBeAttached({ timeout: 180_000 });
    await expect(page.getByRole('main')).toContainText('200 documents');
    await expect(page.getByRole('row').filter({ hasText: 'Ready' })).toHaveCount(50);
  });

  test('what could not be sent is told and sent again', async ({ page }) => {
    await openNew(page, person);
    await page.route('**/documents', (route) =>
      route.request().method() === 'POST' ? route.abort('connectionfailed') : route.continue(),
    );
    await filePicker(page).setInputFiles(texts(3));
    await expect(page.getByRole('heading', { name: '0 files sent, 3 not sent' })).toBeVisible();
    await expect(page.getByRole('listitem').filter({ hasText: 'note-001.txt' })).toContainText('could not be sent');
    await page.unroute('**/documents');
    await page.getByRole('button', { name: 'Try note-001.txt again' }).click();
    await expect(row(page, 'note-001.txt')).toBeVisible();
    await page.getByRole('button', { name: 'Try all again' }).click();
    await expect(page.getByRole('heading', { name: '3 files sent' })).toBeVisible();
    await expect(row(page, 'note-')).toHaveCount(3);
  });

  test('sending is cancelled for one file without losing the others', async ({ page }) => {
    await openNew(page, person);
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/documents', async (route) => {
      if (route.request().method() === 'POST') await held;
      await route.continue().catch(() => undefined);
    });
    await filePicker(page).setInputFiles(texts(3));
    await page.getByRole('button', { name: 'Cancel sending note-001.txt' }).click();
    await expect(page.getByRole('listitem').filter({ hasText: 'note-001.txt' })).toContainText('Cancelled');
    release();
    await expect(page.getByRole('heading', { name: '2 files sent, 1 cancelled' })).toBeVisible();
    await expect(row(page, 'note-')).toHaveCount(2);
    await expect(row(page, 'note-001.txt')).toHaveCount(0);
  });

  test('goes on while another page is looked at', async ({ page }) => {
    const id = await openNew(page, person);
    await filePicker(page).setInputFiles(texts(40));
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Settings' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Knowledge bases' }).click();
    await page.locator(`a[href="/knowledge-bases/${id}"]`).click();
    await expect(page.getByRole('main')).toContainText('40 documents', { timeout: 60_000 });
  });

  test('by keyboard alone', async ({ page }) => {
    await openNew(page, person);
    const chooser = page.waitForEvent('filechooser');
    await filePicker(page).press('Enter');
    await (await chooser).setFiles([text('typed.txt', 'By keys.')]);
    await expect(row(page, 'typed.txt')).toContainText('Ready', { timeout: 30_000 });
    await row(page, 'typed.txt').getByRole('button', { name: 'Delete typed.txt' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
    await expect(page.getByRole('button', { name: 'Delete typed.txt' })).toBeFocused();
  });
});

test.describe('the table', () => {
  test('a document that fails says why, and is tried again; one that is not wanted is deleted', async ({ page }) => {
    await openNew(page, person);
    await filePicker(page).setInputFiles([text('blank.txt', '  \n '), text('fine.txt', 'All is fine.')]);
    await expect(row(page, 'blank.txt')).toContainText('Failed', { timeout: 30_000 });
    await expect(row(page, 'blank.txt')).toContainText('The file contains no text.');
    await expect(row(page, 'blank.txt')).toContainText('Check that the right file was chosen');
    await page.getByRole('button', { name: 'Read blank.txt again' }).click();
    await expect(row(page, 'blank.txt')).toContainText('Failed', { timeout: 30_000 });

    await page.getByRole('button', { name: 'Delete blank.txt' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete document' }).click();
    await expect(row(page, 'blank.txt')).toHaveCount(0);
    await page.reload();
    await expect(row(page, 'fine.txt')).toBeVisible();
    await expect(row(page, 'blank.txt')).toHaveCount(0);
  });

  test('reading is cancelled and taken up again', async ({ page }) => {
    await openNew(page, person);
    // One that takes a while, so that it can be stopped.
    const long = Array.from({ length: 30_000 }, (_, n) => `Sentence ${n} of a long text about subject ${n * 7}.`);
    await filePicker(page).setInputFiles([text('long.txt', long.join('\n\n'))]);
    await page.getByRole('button', { name: 'Cancel reading long.txt' }).click();
    await expect(row(page, 'long.txt')).toContainText('Cancelled');
    await page.getByRole('button', { name: 'Read long.txt again' }).click();
    await expect(page.getByRole('button', { name: 'Cancel reading long.txt' })).toBeVisible();
    await page.getByRole('button', { name: 'Cancel reading long.txt' }).click();
    await expect(row(page, 'long.txt')).toContainText('Cancelled');
  });

  test('is searched, filtered, sorted and paged', async ({ page }) => {
    test.setTimeout(120_000);
    const id = await openNew(page, person);
    const big = text('big.txt', 'The largest of all. '.repeat(50));
    await filePicker(page).setInputFiles([...texts(58), text('blank.txt', ' '), big]);
    await expect(page.getByText('59 of 60 ready, 1 failed')).toBeAttached({ timeout: 60_000 });

    const rows = page.getByRole('rowheader');
    await expect(rows).toHaveCount(50);
    await page.getByRole('link', { name: 'Next page' }).click();
    await expect(rows).toHaveCount(10);
    await expect(page.getByRole('link', { name: 'Next page' })).toHaveCount(0);
    await page.getByRole('link', { name: 'First page' }).click();
    await expect(rows).toHaveCount(50);

    await page.getByRole('combobox', { name: 'Order' }).selectOption('largest');
    await expect(rows.first()).toHaveText('big.txt');
    await page.getByRole('combobox', { name: 'Order' }).selectOption('name');
    await expect(rows.first()).toHaveText('big.txt');
    await expect(rows.nth(1)).toHaveText('blank.txt');
    await page.getByRole('combobox', { name: 'State' }).selectOption('failed');
    await expect(rows).toHaveText(['blank.txt']);
    await page.getByRole('combobox', { name: 'State' }).selectOption('');
    await page.getByRole('searchbox', { name: 'Search documents' }).fill('note-01');
    await page.keyboard.press('Enter');
    await expect(rows).toHaveCount(10);
    await expect(page).toHaveURL(new RegExp(`/knowledge-bases/${id}\\?.*search=note-01`));
    await page.getByRole('searchbox', { name: 'Search documents' }).fill('nothing like it');
    await page.keyboard.press('Enter');
    await expect(page.getByText('No document matches')).toBeVisible();
  });

  test('shows what another tab does', async ({ page, context }) => {
    const id = await openNew(page, person);
    const other = await context.newPage();
    await other.goto(`/knowledge-bases/${id}`);
    await hydrated(other);
    await filePicker(page).setInputFiles([text('here.txt', 'Seen elsewhere.')]);
    await expect(row(other, 'here.txt')).toContainText('Ready', { timeout: 30_000 });
    await page.getByRole('button', { name: 'Delete here.txt' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete document' }).click();
    await expect(row(other, 'here.txt')).toHaveCount(0);
  });

  test('is readable at 390 pixels without sideways scrolling', async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await openNew(page, person, 'A knowledge base whose name is rather long and has Donaudampfschifffahrtsgesellschaft');
    const name = `${'long'.repeat(30)}.txt`;
    await filePicker(page).setInputFiles([text(name, 'Narrow.'), text('blank.txt', ' ')]);
    await expect(row(page, name)).toContainText('Ready', { timeout: 30_000 });
    await expect(row(page, 'blank.txt')).toContainText('The file contains no text.', { timeout: 30_000 });
    const sideways = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(await sideways()).toBe(0);
    await row(page, name).getByRole('link', { name, exact: true }).click();
    await expect(page.getByText('Narrow.')).toBeVisible();
    expect(await sideways()).toBe(0);
  });
});

async function serve(html: string): Promise<Server> {
  const server = createServer((request, response) => {
    const found = request.url === '/guide.html';
    response.writeHead(found ? 200 : 404, { 'content-type': 'text/html' }).end(found ? html : 'Not here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
