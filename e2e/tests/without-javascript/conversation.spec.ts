import { expect, lighthouse, test } from '../../fixtures.ts';
import { citation, expectHighlightedQuote } from '../../journeys.ts';
import { Person } from '../../person.ts';

test('an answer is read, its sources followed and the question edited and followed up', async ({ hyperion, signIn }) => {
  const person = await Person.signUp(hyperion.url, 'Paul Plain');
  const knowledgeBase = await person.createKnowledgeBase('Lighthouses');
  await person.upload(knowledgeBase, lighthouse.file, lighthouse.text);
  const { conversation } = await person.ask(lighthouse.question);
  const page = await signIn(person);
  await page.goto(`/conversations/${conversation}`);
  const answers = page.getByRole('article', { name: 'Answer' });
  await expect(answers).toContainText(lighthouse.quote);
  await expect(answers).toContainText('Quoted word for word');

  await page.getByRole('textbox', { name: 'Ask a follow-up question' }).fill('What did the lamp burn until 1901?');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await expect(page).toHaveURL(new RegExp(conversation));
  await expect(answers).toHaveCount(2);
  await expect(async () => {
    await page.reload();
    await expect(answers.last()).toContainText('whale oil', { timeout: 1_000 });
  }).toPass();

  await page.getByText('Edit', { exact: true }).last().click();
  await page.getByLabel('The question in other words').last().fill('How many goats did the keeper have?');
  await page.getByRole('button', { name: 'Ask again' }).last().click();
  await expect(answers).toHaveCount(2);
  await expect(async () => {
    await page.reload();
    await expect(answers.last()).toContainText('goats', { timeout: 1_000 });
  }).toPass();

  await citation(page, 1).click();
  await expectHighlightedQuote(page);
});

test('a question that is not taken comes back with the reason', async ({ hyperion, signIn }) => {
  const page = await signIn(await Person.signUp(hyperion.url, 'Lora Long'));
  await page.goto('/');
  const question = page.getByRole('textbox', { name: 'Ask a question' });
  const tooLong = 'Why? '.repeat(900) + '</textarea><b>not markup</b>';
  // The browser would not let more be typed.
  await question.evaluate((field) => field.removeAttribute('maxlength'));
  await question.fill(tooLong);
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('4000 characters');
  await expect(question).toHaveValue(tooLong);
});

test('what is asked is text, wherever a page shows it', async ({ hyperion, signIn }) => {
  const person = await Person.signUp(hyperion.url, 'Hans Hostile');
  const hostile = '</title></textarea><b>bold</b> & "more"';
  const { conversation } = await person.ask(hostile);
  const page = await signIn(person);
  await page.goto(`/conversations/${conversation}`);
  await expect(page).toHaveTitle(`${hostile} · Hyperion`);
  await expect(page.getByRole('heading', { level: 2 }).filter({ hasText: hostile })).toBeVisible();
  await page.getByText('Edit', { exact: true }).click();
  await expect(page.getByLabel('The question in other words')).toHaveValue(hostile);
  await expect(page.locator('b')).toHaveCount(0);
});
