import type { Page } from '@playwright/test';
import { expect, test } from '../fixtures.ts';
import { expectAccessible, expectNoSidewaysScrolling, hydrated } from '../journeys.ts';
import { Person } from '../person.ts';

test('an assistant is created, set up, duplicated and deleted', async ({ hyperion, signIn }) => {
  const person = await Person.signUp(hyperion.url, 'Asta Assistants');
  await person.createKnowledgeBase('Contracts');
  const page = await signIn(person);
  await page.goto('/assistants');
  await hydrated(page);
  const first = page.getByRole('listitem').filter({ hasText: 'Default' });
  await expect(first).toContainText('Automatic');
  await expect(first).toContainText('Every knowledge base you may read');

  await page.getByRole('button', { name: 'New assistant' }).click();
  await expect(page.getByRole('textbox', { name: 'Name' })).toBeFocused();
  await page.keyboard.type('Lawyer');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/assistants\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('heading', { level: 1, name: 'Lawyer' })).toBeVisible();

  await page.getByRole('checkbox', { name: 'Contracts' }).check();
  await page.getByRole('spinbutton', { name: 'Passages', exact: true }).fill('12');
  await page.getByRole('radio', { name: /^The documents’ own sentences/ }).check();
  await expect(page.getByRole('status').filter({ hasText: 'Unsaved changes' })).toBeVisible();
  await save(page);
  await expect(page.getByRole('status').filter({ hasText: 'Saved as version 2.' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeFocused();
  await page.reload();
  await expect(page.getByRole('checkbox', { name: 'Contracts' })).toBeChecked();
  await expect(page.getByRole('spinbutton', { name: 'Passages', exact: true })).toHaveValue('12');

  await page.goto('/assistants');
  await hydrated(page);
  const row = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'Lawyer' }) });
  await expect(row).toContainText('Version 2');
  await expect(row).toContainText('Contracts');
  await row.getByRole('button', { name: 'Duplicate Lawyer' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Copy of Lawyer' })).toBeVisible();
  await expect(page.getByRole('spinbutton', { name: 'Passages', exact: true })).toHaveValue('12');

  await page.goto('/assistants');
  await hydrated(page);
  await page.getByRole('button', { name: 'Delete Copy of Lawyer' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete Copy of Lawyer?' });
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('link', { name: 'Copy of Lawyer' })).toBeVisible();
  await page.getByRole('button', { name: 'Delete Copy of Lawyer' }).click();
  await dialog.getByRole('button', { name: 'Delete assistant' }).click();
  await expect(page.getByRole('link', { name: 'Copy of Lawyer' })).toHaveCount(0);
  await expect(page.getByRole('status').filter({ hasText: 'Copy of Lawyer is deleted.' })).toBeVisible();
});

test('versions are compared and restored', async ({ hyperion, signIn }) => {
  const page = await openAssistant(await Person.signUp(hyperion.url, 'Vera Versions'), signIn);
  const instructions = page.getByRole('textbox', { name: 'Instructions' });
  const original = await instructions.inputValue();
  await instructions.fill('Answer in one word.');
  await save(page);
  await page.getByRole('spinbutton', { name: 'Temperature' }).fill('1.5');
  await save(page);
  await expect(page.getByText('Saved as version 3.')).toBeVisible();

  const versions = page.getByRole('region', { name: 'Versions' });
  await expect(versions.getByRole('listitem').filter({ hasText: 'Version 3' })).toContainText('Temperature');
  await expect(versions.getByRole('listitem').filter({ hasText: 'Version 2' })).toContainText('Instructions');
  await versions.getByLabel('From', { exact: true }).selectOption('Version 1');
  await versions.getByLabel('To', { exact: true }).selectOption('Version 3');
  await expect(versions.getByRole('term')).toHaveText(['Temperature', 'Instructions']);
  await expect(versions.getByRole('definition').filter({ hasText: '1.5' })).toHaveCount(1);

  await versions.getByRole('button', { name: 'Restore version 1' }).click();
  await expect(page.getByText('Saved as version 4.')).toBeVisible();
  await expect(instructions).toHaveValue(original);
  await page.reload();
  await expect(instructions).toHaveValue(original);
  await expect(versions.getByRole('listitem').filter({ hasText: 'Version 3' })).toBeVisible();
});

test('what is refused is told beside its field, and the first one gets the focus', async ({ hyperion, signIn }) => {
  const page = await openAssistant(await Person.signUp(hyperion.url, 'Fritz Fields'), signIn);
  const passages = page.getByRole('spinbutton', { name: 'Passages', exact: true });
  const topP = page.getByRole('spinbutton', { name: 'Top p' });
  await passages.fill('31');
  await topP.fill('0');
  await save(page);
  await expect(passages).toBeFocused();
  await expect(passages).toHaveAccessibleDescription(/Enter a whole number from 1 to 30\./);
  await expect(topP).toHaveAccessibleDescription(/Enter a number from 0\.01 to 1\./);
  await passages.fill('30');
  await expect(passages).not.toHaveAttribute('aria-invalid', 'true');
  await topP.fill('0.5');

  // Only the server knows this rule.
  const template = page.getByRole('textbox', { name: 'Prompt template' });
  await template.fill('{context} {qestion}');
  await expect(page.getByText('{question} is missing')).toBeVisible();
  await expect(page.getByText('{qestion} is not a variable.', { exact: true })).toBeVisible();
  await save(page);
  await expect(template).toBeFocused();
  await expect(template).toHaveAccessibleDescription(/\{qestion\} is not a variable: there are/);
  await template.fill('{context}\n\n');
  await template.press('End');
  await page.getByRole('button', { name: '{question}' }).click();
  await expect(template).toHaveValue('{context}\n\n{question}');
  await expect(template).toBeFocused();
  await save(page);
  await expect(page.getByText('Saved as version 2.')).toBeVisible();
});

test('the second of two tabs is told, sees the differences, and loses nothing', async ({ hyperion, signIn, context }) => {
  const page = await openAssistant(await Person.signUp(hyperion.url, 'Tara Tabs'), signIn);
  const other = await context.newPage();
  await other.goto(page.url());
  await hydrated(other);

  await other.getByRole('spinbutton', { name: 'Passages', exact: true }).fill('20');
  await save(other);
  await expect(other.getByText('Saved as version 2.')).toBeVisible();

  const instructions = page.getByRole('textbox', { name: 'Instructions' });
  await instructions.fill('Answer in rhyme.');
  await save(page);
  const dialog = page.getByRole('dialog', { name: 'Version 2 was saved meanwhile' });
  await expect(dialog.getByRole('term')).toHaveText(['Passages', 'Instructions']);
  await expect(dialog).toContainText('Answer in rhyme.');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Keep editing' }).click();
  await expect(instructions).toHaveValue('Answer in rhyme.');

  await save(page);
  await dialog.getByRole('button', { name: 'Save mine as version 3' }).click();
  await expect(page.getByText('Saved as version 3.')).toBeVisible();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('spinbutton', { name: 'Passages', exact: true })).toHaveValue('8');

  await other.getByRole('textbox', { name: 'Description' }).fill('Of the other tab');
  await save(other);
  await other.getByRole('button', { name: 'Drop mine, take version 3' }).click();
  await expect(other.getByRole('textbox', { name: 'Instructions' })).toHaveValue('Answer in rhyme.');
  await expect(other.getByRole('textbox', { name: 'Description' })).not.toHaveValue('Of the other tab');
});

test('leaving with unsaved changes is asked about', async ({ hyperion, signIn }) => {
  const page = await openAssistant(await Person.signUp(hyperion.url, 'Ute Unsaved'), signIn);
  const address = page.url();
  const description = page.getByRole('textbox', { name: 'Description' });
  await description.fill('Half a thought');

  page.once('dialog', (dialog) => dialog.dismiss());
  await page.getByRole('navigation').getByRole('link', { name: 'Connections' }).click();
  await expect(page).toHaveURL(address);
  await expect(description).toHaveValue('Half a thought');

  const asked = page.waitForEvent('dialog');
  await page.evaluate(() => setTimeout(() => location.reload()));
  const dialog = await asked;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.dismiss();
  await expect(description).toHaveValue('Half a thought');

  page.once('dialog', (dialog) => dialog.accept());
  await page.getByRole('navigation').getByRole('link', { name: 'Connections' }).click();
  await expect(page).toHaveURL('/connections');
});

test('an assistant can be set up at 390 pixels', async ({ hyperion, signIn }) => {
  const page = await openAssistant(await Person.signUp(hyperion.url, 'Nils Narrow'), signIn);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('spinbutton', { name: 'Passages', exact: true }).fill('9');
  await save(page);
  await expect(page.getByText('Saved as version 2.')).toBeVisible();
  await expectNoSidewaysScrolling(page);
});

/** The person's default assistant, opened from the list. */
async function openAssistant(person: Person, signIn: (person: Person) => Promise<Page>): Promise<Page> {
  const page = await signIn(person);
  await page.goto('/assistants');
  await hydrated(page);
  await page.getByRole('main').getByRole('link', { name: 'Assistant', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Assistant', exact: true })).toBeVisible();
  return page;
}

async function save(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save', exact: true }).click();
}
