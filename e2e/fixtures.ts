// What tests find ready: a running server, people, and a knowledge base somebody has already asked about.

import { test as base, type Page } from '@playwright/test';
import { Hyperion } from './hyperion.ts';
import { LanguageModel } from './language-model.ts';
import { Person } from './person.ts';

/** A text whose sentences are found nowhere else, and a question that one of them answers. */
export const lighthouse = {
  file: 'lighthouse.txt',
  text: [
    'The lighthouse on Skerry Island was built in 1847 by Agnes Thorvald.',
    'Its lamp burned whale oil until 1901, when it was changed to paraffin.',
    'The keeper was paid forty crowns a year and kept two goats.',
  ].join('\n\n'),
  question: 'Who built the lighthouse on Skerry Island?',
  quote: 'was built in 1847 by Agnes Thorvald',
};

/** One person's knowledge base with a document in it and a conversation about that. */
export interface Library {
  owner: Person;
  knowledgeBase: string;
  document: string;
  conversation: string;
  assistant: string;
}

interface PerTest {
  /** Puts this person's session into the test's browser. */
  signIn: (person: Person) => Promise<Page>;
}

interface PerWorker {
  hyperion: Hyperion;
  /** The first account, which is why it may administer; it exists before any test runs. */
  admin: Person;
  library: Library;
  languageModel: LanguageModel;
}

export const test = base.extend<PerTest, PerWorker>({
  hyperion: [
    async ({}, use) => {
      const hyperion = await Hyperion.start();
      await use(hyperion);
      await hyperion.stop();
    },
    { scope: 'worker', timeout: 90_000 },
  ],

  admin: [
    async ({ hyperion }, use) => use(await Person.signUp(hyperion.url, 'Ada Admin')),
    { scope: 'worker', auto: true },
  ],

  library: [
    async ({ admin: owner }, use) => {
      const knowledgeBase = await owner.createKnowledgeBase('Lighthouses');
      const document = await owner.upload(knowledgeBase, lighthouse.file, lighthouse.text);
      const { conversation } = await owner.ask(lighthouse.question);
      const assistant = await owner.firstAssistant();
      await use({ owner, knowledgeBase, document: document.id, conversation, assistant });
    },
    { scope: 'worker', timeout: 90_000 },
  ],

  languageModel: [
    async ({}, use) => {
      const languageModel = await LanguageModel.start();
      await use(languageModel);
      await languageModel.stop();
    },
    { scope: 'worker', timeout: 180_000 },
  ],

  baseURL: async ({ hyperion }, use) => use(hyperion.url),

  signIn: async ({ context, page }, use) => {
    await use(async (person) => {
      const { cookies } = await person.session();
      await context.addCookies(cookies);
      return page;
    });
  },

  // The server's own account of what went wrong goes with the report of a failed test.
  page: async ({ page, hyperion }, use, testInfo) => {
    const before = hyperion.log.length;
    await use(page);
    if (testInfo.status !== testInfo.expectedStatus) {
      await testInfo.attach('server log', { body: hyperion.log.slice(before), contentType: 'text/plain' });
    }
  },
});

export { expect } from '@playwright/test';
