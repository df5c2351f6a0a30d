import { expect, lighthouse, test } from '../fixtures.ts';
import { ask, citation, expectHighlightedQuote, hydrated } from '../journeys.ts';
import { Person } from '../person.ts';

test('a language model writes an answer that cites the document', async ({ hyperion, languageModel, signIn }) => {
  test.setTimeout(180_000);
  const person = await Person.signUp(hyperion.url, 'Gina Generated');
  const knowledgeBase = await person.createKnowledgeBase('Lighthouses');
  await person.upload(knowledgeBase, lighthouse.file, lighthouse.text);
  await person.createConnection('Small model', languageModel.baseUrl, languageModel.model);

  const page = await signIn(person);
  await page.goto('/');
  await hydrated(page);
  await ask(page, lighthouse.question);

  await expect(page.getByRole('main')).toContainText(`Written by ${languageModel.model}`, { timeout: 120_000 });
  await citation(page, 1).click();
  await expectHighlightedQuote(page);
});
