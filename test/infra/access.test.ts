import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { accessDocument } from '../../ops/access/document.ts';

it('docs/access.md says what the program grants and encrypts; else run npm run infra:table -- --write', async () => {
  const document = readFileSync(new URL('../../docs/access.md', import.meta.url), 'utf8');
  expect(document).toBe(await accessDocument());
});
