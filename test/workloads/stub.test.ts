import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Workload } from '../../events/index.ts';
import { loadUdf } from './transform-engine.ts';

const STUB = new URL('../../workloads/stub/', import.meta.url);
const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, STUB), 'utf8');

describe("the stub's transform", () => {
  const transform = loadUdf(new URL('transform/transform.js', STUB));
  const rowOf = (line: string) => JSON.parse(transform(line) ?? 'null');

  it('makes a row of a line, and nothing of the header and of blank lines', () => {
    expect(rowOf('17,yes')).toEqual({ amount: 17, label: 'yes', baton_reject_reason: null, baton_raw: null });
    expect(['amount,label', '', '  '].map(rowOf)).toEqual([null, null, null]);
  });

  it.each(['seventeen,yes', '17,maybe', '17', '17,yes,no'])('marks %s as rejected, with its text', (line) => {
    expect(rowOf(line)).toMatchObject({ amount: null, label: null, baton_raw: line });
    expect(rowOf(line).baton_reject_reason).toMatch(/expected an integer/);
  });

  it('writes the columns of the schema, which are those of the descriptor and the two of a reject', () => {
    const { columns, rejectColumns } = Workload.parse(JSON.parse(read('workload.json')));
    const expected = [...columns.map(({ name }) => name), rejectColumns.reason, rejectColumns.raw];
    const schema = JSON.parse(read('schema.json'))['BigQuery Schema'] as { name: string }[];
    expect(schema.map(({ name }) => name)).toEqual(expected);
    expect(Object.keys(rowOf('17,yes'))).toEqual(expected);
    expect(Object.keys(rowOf('no'))).toEqual(expected);
  });
});

describe.each(['train', 'evaluate', 'serve'])("the stub's %s image", (role) => {
  const dockerfile = read(`${role}/Dockerfile`);

  it('starts its program from what it copies, and not as root', () => {
    const [, program = ''] = /^ENTRYPOINT \["node", "(.+)"\]$/m.exec(dockerfile) ?? [];
    expect(existsSync(new URL(program, ROOT)), program).toBe(true);
    expect(dockerfile).toMatch(/^COPY workloads\/stub workloads\/stub$/m);
    expect(dockerfile).toMatch(/^USER node$/m);
  });

  it('needs no package: there is no node_modules in it', () => {
    const folder = fileURLToPath(STUB);
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) =>
      f.endsWith('.ts'),
    );
    expect(sources.length).toBeGreaterThan(3);
    const imported = sources.flatMap((file) =>
      [...read(file).matchAll(/from '([^']+)'/g)].map(([, name]) => name),
    );
    expect(imported.filter((name) => !/^(node:|\.)/.test(name))).toEqual([]);
  });
});
