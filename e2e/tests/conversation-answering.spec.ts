import { test as base, expect, lighthouse } from '../fixtures.ts';
import { ask, hydrated } from '../journeys.ts';
import { Person } from '../person.ts';
import { ScriptedModel } from '../scripted-model.ts';
import type { Page } from '@playwright/test';

/** A person whose answers are written by a scripted model, on the home page. */
const test = base.extend<{ scripted: ScriptedModel; home: Page }>({
  scripted: async ({}, use) => {
    const model = await ScriptedModel.start();
    await use(model);
    await model.stop();
  },
  home: async ({ hyperion, scripted, signIn }, use) => {
    const person = await Person.signUp(hyperion.url, 'Sigrid Scripted');
    const knowledgeBase = await person.createKnowledgeBase('Lighthouses');
    await person.upload(knowledgeBase, lighthouse.file, lighthouse.text);
    await person.createConnection('Scripted', scripted.baseUrl, scripted.model);
    const page = await signIn(person);
    await page.goto('/');
    await hydrated(page);
    await use(page);
  },
});

const answers = (page: Page) => page.getByRole('article', { name: 'Answer' });
const status = (page: Page, text: string | RegExp) => page.getByRole('status').filter({ hasText: text });

test('an answer appears while it is written, and its beginning and end are announced', async ({ home, scripted }) => {
  await ask(home, lighthouse.question);
  const answer = await scripted.nextAnswer();
  await expect(status(home, 'Answering…')).toBeAttached();
  answer.say('It was built by Agnes Thorvald [1]. ');
  await expect(answers(home)).toContainText('Agnes Thorvald');
  await expect(home.getByRole('button', { name: 'Stop' })).toBeVisible();
  answer.say('That was in 1847 [1].');
  await expect(answers(home)).toContainText('1847');
  answer.finish();
  await expect(status(home, /^Answer complete, \d sources?$/)).toBeAttached();
  await expect(answers(home)).toContainText('Written by scripted');
  await expect(answers(home)).toContainText('Supported');
  await expect(home.getByRole('button', { name: 'Stop' })).toHaveCount(0);
  await expect(home.getByRole('button', { name: 'Ask', exact: true })).toBeEnabled();
});

test('what no document supports is marked, not by colour alone', async ({ home, scripted }) => {
  await ask(home, lighthouse.question);
  const answer = await scripted.nextAnswer();
  answer.say('It was built in 1847 by Agnes Thorvald [1]. The moon was full on every Tuesday of that cold winter [1].');
  answer.finish();
  const text = answers(home).locator('.prose');
  await expect(text.locator('.citation[data-check="supported"]')).toHaveCount(1);
  const marked = text.locator('.no-source').or(text.locator('.citation[data-check="unsupported"]'));
  await expect(marked).toHaveCount(1);
  await expect(marked.or(answers(home).locator('.check.unsupported')).last()).toHaveText(/no source|Not supported/i);
});

test('a reload in the middle of an answer goes on with it', async ({ home, scripted }) => {
  await ask(home, lighthouse.question);
  const answer = await scripted.nextAnswer();
  answer.say('Agnes Thorvald built it [1]. ');
  await expect(answers(home)).toContainText('Agnes Thorvald');

  await home.reload();
  await hydrated(home);
  await expect(answers(home)).toContainText('Agnes Thorvald');
  answer.say('It was lit with whale oil [1].');
  await expect(answers(home)).toContainText('whale oil');
  answer.finish();
  await expect(status(home, 'Answer complete')).toBeAttached();
  await expect(answers(home)).toContainText('Agnes Thorvald');
  await expect(answers(home)).toHaveCount(1);
});

test('an answer goes on while its page is not open', async ({ home, scripted }) => {
  await ask(home, lighthouse.question);
  const answer = await scripted.nextAnswer();
  answer.say('Agnes Thorvald ');
  await expect(answers(home)).toContainText('Agnes Thorvald');
  await home.getByRole('navigation').getByRole('link', { name: 'Settings' }).click();
  await expect(home).toHaveURL('/settings');
  answer.say('built it [1].');
  answer.finish();
  await home.goBack();
  await expect(answers(home)).toContainText('Agnes Thorvald built it');
  await expect(answers(home)).toContainText('Written by scripted');
});

test('a stopped answer keeps what was written and can be given anew', async ({ home, scripted }) => {
  await ask(home, lighthouse.question);
  const first = await scripted.nextAnswer();
  first.say('The lighthouse was');
  await expect(answers(home)).toContainText('The lighthouse was');
  await home.getByRole('button', { name: 'Stop' }).click();
  await expect(answers(home)).toContainText('You stopped this answer');
  await expect(answers(home)).toContainText('The lighthouse was');
  await expect(status(home, 'Answer stopped')).toBeAttached();

  await home.getByRole('button', { name: 'Answer again' }).click();
  const second = await scripted.nextAnswer();
  second.say('Agnes Thorvald built it [1].');
  second.finish();
  await expect(answers(home)).toHaveCount(1);
  await expect(answers(home)).toContainText('Agnes Thorvald built it');
  const versions = home.getByRole('group', { name: 'Versions of the answer' });
  await expect(versions).toContainText('2 of 2');

  await versions.getByRole('button', { name: 'Previous version of the answer' }).click();
  await expect(answers(home)).toContainText('You stopped this answer');
  await expect(versions).toContainText('1 of 2');
  await expect(versions.getByRole('button', { name: 'Previous version of the answer' })).toBeFocused();

  await home.reload();
  await hydrated(home);
  await expect(answers(home)).toContainText('You stopped this answer');
  await versions.getByRole('button', { name: 'Next version of the answer' }).click();
  await expect(answers(home)).toContainText('Agnes Thorvald built it');
});

test('an edited question begins a branch and the earlier one stays', async ({ home, scripted }) => {
  await ask(home, 'Who bult the lighthouse?');
  const first = await scripted.nextAnswer();
  first.say('The first answer [1].');
  first.finish();
  await expect(answers(home)).toContainText('The first answer');

  await home.getByText('Edit', { exact: true }).click();
  const field = home.getByLabel('The question in other words');
  await expect(field).toBeFocused();
  await expect(field).toHaveValue('Who bult the lighthouse?');
  await field.fill(lighthouse.question);
  await home.getByRole('button', { name: 'Ask again' }).click();
  const second = await scripted.nextAnswer();
  second.say('The second answer [1].');
  second.finish();
  await expect(answers(home)).toContainText('The second answer');
  await expect(home.getByRole('heading', { level: 2, name: lighthouse.question })).toBeFocused();
  await expect(home.getByRole('heading', { level: 2, name: 'Who bult the lighthouse?' })).toHaveCount(0);

  const versions = home.getByRole('group', { name: 'Versions of the question' });
  await expect(versions).toContainText('2 of 2');
  await versions.getByRole('button', { name: 'Previous version of the question' }).click();
  await expect(home.getByRole('heading', { level: 2, name: 'Who bult the lighthouse?' })).toBeVisible();
  await expect(answers(home)).toContainText('The first answer');
});

test('an answer that failed says why, keeps what was written, and can be given anew', async ({ home, scripted }) => {
  await ask(home, lighthouse.question);
  const first = await scripted.nextAnswer();
  first.say('Agnes Thorvald was the ');
  await expect(answers(home)).toContainText('Agnes Thorvald was the');
  first.cut();
  await expect(answers(home).getByRole('alert')).toBeVisible();
  await expect(answers(home)).toContainText('Agnes Thorvald was the');
  await expect(status(home, /^No answer: /)).toBeAttached();

  await home.getByRole('button', { name: 'Answer again' }).click();
  const second = await scripted.nextAnswer();
  second.say('Agnes Thorvald built it [1].');
  second.finish();
  await expect(answers(home)).toContainText('Agnes Thorvald built it');
  await expect(answers(home).getByRole('alert')).toHaveCount(0);
});

test('the page follows a growing answer only while its reader is at the end', async ({ home, scripted }) => {
  const below = () =>
    home.evaluate(() => document.documentElement.scrollHeight - window.innerHeight - Math.round(window.scrollY));
  const paragraphs = (count: number, word: string) =>
    Array.from({ length: count }, (_, at) => `${word} ${at} has nothing to say.\n\n`).join('');
  await ask(home, lighthouse.question);
  const answer = await scripted.nextAnswer();
  answer.say(paragraphs(40, 'Early paragraph'));
  answer.say('Now the reader is at the end.\n\n');
  await expect(answers(home)).toContainText('Now the reader is at the end');
  await expect.poll(below).toBeLessThan(5);

  await home.mouse.move(600, 300);
  await home.mouse.wheel(0, -600);
  await expect.poll(below).toBeGreaterThan(300);
  const read = home.getByText('Early paragraph 30 ');
  const place = await read.boundingBox();
  answer.say(paragraphs(20, 'Late paragraph'));
  answer.say('Now the answer is over.');
  answer.finish();
  await expect(status(home, 'Answer complete')).toBeAttached();
  await expect(answers(home)).toContainText('Now the answer is over');
  expect((await read.boundingBox())?.y).toBeCloseTo(place!.y, -1);
});

test('wide code and tables scroll in themselves at 390 pixels', async ({ home, scripted }) => {
  await home.setViewportSize({ width: 390, height: 844 });
  await ask(home, lighthouse.question);
  const answer = await scripted.nextAnswer();
  const wide = 'x'.repeat(300);
  const columns = Array.from({ length: 14 }, (_, at) => `column${at}`);
  answer.say(`Some code:\n\n\`\`\`\n${wide}\n\`\`\`\n\n`);
  answer.say(`|${columns.join('|')}|\n|${columns.map(() => '---').join('|')}|\n|${columns.join('|')}|\n\n`);
  answer.say(`And a word: ${wide}`);
  answer.finish();
  await expect(status(home, 'Answer complete')).toBeAttached();
  await expect(answers(home).getByRole('table')).toBeVisible();
  const overflow = await home.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
});
