// Every page of the application, and how to reach it in a filled library.

import type { Library } from './fixtures.ts';

interface ApplicationPage {
  name: string;
  path: (library: Library) => string;
  signedIn: boolean;
}

const forVisitors = (name: string, path: string): ApplicationPage => ({ name, path: () => path, signedIn: false });
const forUsers = (name: string, path: ApplicationPage['path']): ApplicationPage => ({ name, path, signedIn: true });

export const pages: ApplicationPage[] = [
  forVisitors('sign-in', '/sign-in'),
  forVisitors('sign-up', '/sign-up'),
  forUsers('home', () => '/'),
  forUsers('conversation', ({ conversation }) => `/conversations/${conversation}`),
  forUsers('knowledge-bases', () => '/knowledge-bases'),
  forUsers('knowledge-base', ({ knowledgeBase }) => `/knowledge-bases/${knowledgeBase}`),
  forUsers('document', ({ document }) => `/documents/${document}`),
  forUsers('assistants', () => '/assistants'),
  forUsers('assistant', ({ assistant }) => `/assistants/${assistant}`),
  forUsers('connections', () => '/connections'),
  forUsers('settings', () => '/settings'),
  forUsers('admin-users', () => '/admin/users'),
];

export const widths = [1440, 390];
export const colorSchemes = ['light', 'dark'] as const;
