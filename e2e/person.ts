// Somebody who uses Hyperion through its REST API, to prepare what a test then does in the browser.

import { request, type APIRequestContext, type APIResponse } from '@playwright/test';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Document {
  id: string;
  name: string;
  status: 'queued' | 'processing' | 'ready' | 'failed' | 'cancelled';
  error: { code: string; message: string; remedy: string } | null;
}

export interface Citation {
  number: number;
  document_id: string;
  quote: string;
  start: number;
  end: number;
}

export interface Message {
  id: string;
  content: string;
  status: 'streaming' | 'complete' | 'stopped' | 'failed';
  answer_kind: 'generated' | 'extractive' | 'not_found' | null;
  model: string | null;
  citations: Citation[];
  error: unknown;
}

export class Person {
  private constructor(
    private readonly http: APIRequestContext,
    readonly name: string,
    readonly email: string,
    readonly password: string,
  ) {}

  /** Signs up with a name and address that nobody else has. */
  static async signUp(url: string, name: string): Promise<Person> {
    const http = await request.newContext({ baseURL: url, extraHTTPHeaders: { Origin: url } });
    const email = `${name.toLowerCase().replaceAll(' ', '.')}.${crypto.randomUUID().slice(0, 8)}@example.org`;
    const person = new Person(http, name, email, `umbrella-${crypto.randomUUID()}`);
    await person.post('/auth/sign-up', { name, email, password: person.password });
    return person;
  }

  /** The cookies of the session, for a browser to continue it. */
  async session() {
    return this.http.storageState();
  }

  async createKnowledgeBase(name: string): Promise<string> {
    const created = await this.post<{ id: string }>('/knowledge-bases', { name });
    return created.id;
  }

  /** Uploads a file and waits until it is ready to be asked about. */
  async upload(knowledgeBase: string, name: string, contents: string | Buffer): Promise<Document> {
    const file = { name, mimeType: 'application/octet-stream', buffer: Buffer.from(contents) };
    const response = await this.http.post(`/api/v1/knowledge-bases/${knowledgeBase}/documents`, {
      multipart: { file },
    });
    const { files } = await read<{ files: { outcome: string; document: Document }[] }>(response);
    const [upload] = files;
    if (upload?.outcome !== 'accepted') throw new Error(`${name} was not accepted: ${JSON.stringify(files)}`);
    return this.settled(upload.document.id);
  }

  /** The document once nothing more is being done to it. */
  async settled(document: string): Promise<Document> {
    for (;;) {
      const current = await this.get<Document>(`/documents/${document}`);
      if (current.status === 'ready') return current;
      if (current.error !== null || current.status === 'cancelled') {
        throw new Error(`${current.name} became ${current.status}: ${JSON.stringify(current.error)}`);
      }
      await sleep(100);
    }
  }

  /** Asks in a new conversation and waits for the whole answer. */
  async ask(question: string): Promise<{ conversation: string; answer: Message }> {
    const asked = await this.post<{ conversation: { id: string }; answer: Message }>('/conversations', { question });
    const conversation = asked.conversation.id;
    for (;;) {
      const { messages } = await this.get<{ messages: Message[] }>(`/conversations/${conversation}`);
      const answer = messages.find((message) => message.id === asked.answer.id);
      if (answer !== undefined && answer.status !== 'streaming') return { conversation, answer };
      await sleep(100);
    }
  }

  async createConnection(name: string, baseUrl: string, model: string, key?: string): Promise<void> {
    await this.post('/connections', { name, preset: 'custom', base_url: baseUrl, model, key });
  }

  /** Creates accounts for others, which takes an admin. */
  async createUsers(users: { name: string; email: string }[]): Promise<void> {
    for (const user of users) {
      await this.post('/users', { ...user, password: `umbrella-${crypto.randomUUID()}`, role: 'member' });
    }
  }

  /** The assistant that everybody has once they have asked something. */
  async firstAssistant(): Promise<string> {
    const [first] = await this.get<{ id: string }[]>('/assistants');
    if (first === undefined) throw new Error(`${this.name} has no assistant`);
    return first.id;
  }

  private async get<Answer>(path: string): Promise<Answer> {
    return read(await this.http.get(`/api/v1${path}`));
  }

  private async post<Answer>(path: string, data: unknown): Promise<Answer> {
    return read(await this.http.post(`/api/v1${path}`, { data }));
  }
}

async function read<Answer>(response: APIResponse): Promise<Answer> {
  if (!response.ok()) throw new Error(`${response.url()} answered ${response.status()}: ${await response.text()}`);
  return (await response.json()) as Answer;
}
