import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RULES } from '../../ops/workloads/rules.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: ROOT,
});
const DOCUMENTS = String(listed)
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));

/** The text without what is shown as code, where nothing is a link. */
const prose = (file: string) =>
  readFileSync(join(ROOT, file), 'utf8')
    .replace(/^( *)(```+)[^\n]*\n.*?^ *\2 *$/gms, '')
    .replace(/(`+)(?!`).*?\1/gs, '');

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(file: string): Set<string> {
  const text = readFileSync(join(ROOT, file), 'utf8').replace(/^( *)(```+)[^\n]*\n.*?^ *\2 *$/gms, '');
  const anchors = new Set<string>();
  for (const [, heading] of text.matchAll(/^#{1,6} +(.+?) *#* *$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words.replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '').replaceAll(' ', '-');
    let anchor = slug;
    for (let number = 1; anchors.has(anchor); number++) anchor = `${slug}-${number}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The links of a document to others of the repository: their text as written, the file, and the anchor. */
function linksOf(document: string): { link: string; file: string; anchor: string | undefined }[] {
  return [...prose(document).matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)].flatMap(([, link]) => {
    if (/^[a-z]+:/i.test(link)) return [];
    const [path, anchor] = link.split('#');
    const target = path === '' ? document : join(dirname(document), decodeURIComponent(path));
    return [{ link, file: relative(ROOT, resolve(ROOT, target)), anchor }];
  });
}

describe('the documents', () => {
  it('are found, and have links', () => {
    expect(DOCUMENTS).toEqual(expect.arrayContaining(['README.md', 'docs/README.md', 'CONTRIBUTING.md']));
    expect(linksOf('README.md').length).toBeGreaterThan(5);
  });

  it.each(DOCUMENTS)('%s links to files and headings that are there', (document) => {
    const broken = linksOf(document).filter(({ file, anchor }) => {
      if (!existsSync(join(ROOT, file))) return true;
      return (
        anchor !== undefined && (statSync(join(ROOT, file)).isDirectory() || !anchorsOf(file).has(anchor))
      );
    });
    expect(broken.map(({ link }) => link)).toEqual([]);
  });

  it('docs/README.md leads to every page of docs', () => {
    const linked = linksOf('docs/README.md').map(({ file }) => file);
    const pages = DOCUMENTS.filter((file) => /^docs\/[^/]+\.md$/.test(file) && file !== 'docs/README.md');
    expect(pages.filter((page) => !linked.includes(page))).toEqual([]);
  });

  it('docs/workloads.md has every rule of the check, with its sentence', () => {
    const page = readFileSync(join(ROOT, 'docs/workloads.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (.+?) +\|$/gm)].map(([, rule, sentence]) => [
      rule,
      sentence,
    ]);
    expect(rows).toEqual(Object.entries(RULES));
  });
});
