import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CONTRACTS } from '../../events/catalogue/catalogue.ts';
import { CATALOGUE_FILES } from '../../events/catalogue/files.ts';
import { EVENT_TOPICS } from '../../events/index.ts';

describe('the catalogue of events', () => {
  it.each(CATALOGUE_FILES)('$name is what the schemas say; npm run docs:events writes it', (file) => {
    expect(readFileSync(file.url, 'utf8')).toBe(file.content());
  });

  it('has every event that has a topic', () => {
    const described = CONTRACTS.map(({ name }) => name);
    expect(described).toEqual(expect.arrayContaining(Object.keys(EVENT_TOPICS)));
  });

  it('refers to nothing that the AsyncAPI document does not define', () => {
    const document: unknown = parse(CATALOGUE_FILES[0].content());
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path]) => path,
    );
    expect(references.length).toBeGreaterThan(20);
    for (const path of references) {
      const found = path
        .split('/')
        .reduce<unknown>((node, key) => (node as Record<string, unknown>)?.[key], document);
      expect(found, path).toBeDefined();
    }
  });
});
