import { expect, test } from '../fixtures.ts';
import { expectAccessible, expectNoSidewaysScrolling, hydrated } from '../journeys.ts';
import { Person } from '../person.ts';
import { ScriptedEndpoint } from '../scripted-endpoint.ts';

const key = 'sk-marmalade-4711';
let endpoint: ScriptedEndpoint;

test.beforeEach(async () => {
  endpoint = await ScriptedEndpoint.start(key, ['small-model', 'large-model']);
});

test.afterEach(() => endpoint.stop());

test('a connection is added, tried, given a model and deleted; its key never comes back', async ({ hyperion, signIn }) => {
  const page = await signIn(await Person.signUp(hyperion.url, 'Cora Connects'));
  const answers: Promise<string>[] = [];
  page.on('response', (response) => {
    if (response.url().includes('/api/v1/connections')) answers.push(response.text().catch(() => ''));
  });
  await page.goto('/connections');
  await hydrated(page);
  await expect(page.getByText('No connection yet')).toBeVisible();

  await page.getByRole('button', { name: 'Add a connection' }).click();
  const form = page.getByRole('dialog', { name: 'Add a connection' });
  await expect(form.getByLabel('Address')).toHaveValue('http://127.0.0.1:11434/v1');
  await form.getByLabel('Kind').selectOption('OpenAI');
  await expect(form.getByLabel('Name')).toHaveValue('OpenAI');
  await expect(form.getByLabel('Address')).toHaveValue('https://api.openai.com/v1');
  await expect(form.getByLabel('Share with everybody')).toHaveCount(0);
  await form.getByLabel('Kind').selectOption('Other OpenAI-compatible');
  await form.getByLabel('Name').fill('Workshop');
  await form.getByLabel('Address').fill(endpoint.baseUrl);
  await form.getByLabel('Key').fill(key);
  await form.getByRole('button', { name: 'Save and test' }).click();

  const row = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Workshop' }) });
  await expect(row).toContainText('It works and lists 2 models.');
  await expect(row).toContainText('stored');
  expect(endpoint.authorizations).toContain(`Bearer ${key}`);
  await row.getByRole('button', { name: 'large-model' }).click();
  await expect(row.getByRole('button', { name: 'large-model' })).toHaveAttribute('aria-pressed', 'true');

  await page.reload();
  await hydrated(page);
  await expect(row).toContainText('large-model');
  await row.getByRole('button', { name: 'Edit Workshop' }).click();
  const edit = page.getByRole('dialog', { name: 'Edit Workshop' });
  await expect(edit.getByLabel('New key')).toHaveValue('');
  await edit.getByRole('button', { name: 'List its models' }).click();
  await edit.getByRole('button', { name: 'small-model' }).click();
  await expect(edit.getByLabel('Model')).toHaveValue('small-model');
  await edit.getByLabel('Remove the stored key').check();
  await edit.getByRole('button', { name: 'Save and test' }).click();
  await expect(row).toContainText('did not accept the key');
  await expect(row.getByRole('definition').filter({ hasText: /^none$/ })).toBeVisible();

  expect(await page.content()).not.toContain(key);
  expect((await Promise.all(answers)).join('\n')).not.toContain(key);

  await row.getByRole('button', { name: 'Delete Workshop' }).click();
  await page.getByRole('dialog', { name: 'Delete Workshop?' }).getByRole('button', { name: 'Delete connection' }).click();
  await expect(row).toHaveCount(0);
});

test('what is wrong with a connection is told, and what to do', async ({ hyperion, signIn }) => {
  const page = await signIn(await Person.signUp(hyperion.url, 'Rolf Refused'));
  await page.goto('/connections');
  await hydrated(page);
  await page.getByRole('button', { name: 'Add a connection' }).click();
  const form = page.getByRole('dialog', { name: 'Add a connection' });
  await form.getByLabel('Address').fill('not an address');
  await form.getByRole('button', { name: 'Save and test' }).click();
  await expect(form.getByLabel('Address')).toBeFocused();
  await expect(form.getByLabel('Address')).toHaveAccessibleDescription(/begins with http/);
  await expectAccessible(page);

  await form.getByLabel('Address').fill(endpoint.baseUrl);
  await form.getByLabel('Key').fill('sk-wrong');
  await form.getByRole('button', { name: 'Save and test' }).click();
  const row = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Ollama' }) });
  await expect(row).toContainText('The endpoint did not accept the key. Enter a valid key in the connection.');

  await endpoint.stop();
  await row.getByRole('button', { name: 'Test Ollama' }).click();
  await expect(row.getByRole('alert')).not.toContainText('did not accept the key');
  await expect(row.getByRole('alert')).toContainText(new URL(endpoint.baseUrl).origin);
  endpoint = await ScriptedEndpoint.start(key, []);
});

test('an admin shares a connection; members use it and cannot change it', async ({ hyperion, admin, signIn, browser }) => {
  const page = await signIn(admin);
  await page.goto('/connections');
  await hydrated(page);
  await page.getByRole('button', { name: 'Add a connection' }).click();
  const form = page.getByRole('dialog', { name: 'Add a connection' });
  await form.getByLabel('Name').fill('House model');
  await form.getByLabel('Address').fill(endpoint.baseUrl);
  await form.getByLabel('Key').fill(key);
  await form.getByLabel('Share with everybody').check();
  await form.getByRole('button', { name: 'Save and test' }).click();
  await expect(page.getByRole('main')).toContainText('It works and lists 2 models.');

  const member = await Person.signUp(hyperion.url, 'Mia Member');
  const context = await browser.newContext({ baseURL: hyperion.url, storageState: await member.session() });
  const theirs = await context.newPage();
  await theirs.goto('/connections');
  await hydrated(theirs);
  const row = theirs.getByRole('listitem').filter({ has: theirs.getByRole('heading', { name: 'House model' }) });
  await expect(row).toContainText('Shared by an administrator');
  await row.getByRole('button', { name: 'Test House model' }).click();
  await expect(row).toContainText('small-model');
  await expect(row.getByRole('button', { name: 'Edit House model' })).toHaveCount(0);
  await context.close();

  await page.getByRole('button', { name: 'Delete House model' }).click();
  await page.getByRole('button', { name: 'Delete connection' }).click();
  await expect(page.getByRole('heading', { name: 'House model' })).toHaveCount(0);
});

test('an assistant takes its model from a connection’s list', async ({ hyperion, signIn }) => {
  const person = await Person.signUp(hyperion.url, 'Moni Model');
  await person.createConnection('Workshop', endpoint.baseUrl, '', key);
  const page = await signIn(person);
  await page.goto('/assistants');
  await hydrated(page);
  await page.getByRole('main').getByRole('link', { name: 'Assistant', exact: true }).click();
  await page.getByRole('radio', { name: 'A certain model' }).check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByLabel('Connection', { exact: true })).toBeFocused();
  await page.getByLabel('Connection', { exact: true }).selectOption('Workshop');
  await page.getByRole('button', { name: 'List its models' }).click();
  await page.getByRole('button', { name: 'small-model' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as version 2.')).toBeVisible();
  await page.goto('/assistants');
  await expect(page.getByRole('main')).toContainText('small-model on Workshop');
});

test('a connection is added with the keyboard alone at 390 pixels', async ({ hyperion, signIn }) => {
  const page = await signIn(await Person.signUp(hyperion.url, 'Kai Keyboard'));
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/connections');
  await hydrated(page);
  await page.getByRole('button', { name: 'Add a connection' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Kind')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Name')).toBeFocused();
  await page.keyboard.type(' at home');
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Address')).toBeFocused();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type(endpoint.baseUrl);
  await page.keyboard.press('Tab');
  await page.keyboard.type(key);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toContainText('It works and lists 2 models.');
  await expectNoSidewaysScrolling(page);
});
