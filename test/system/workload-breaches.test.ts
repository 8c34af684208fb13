import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkWorkload } from '../../ops/workloads/check.ts';
import { sampleFolder, workloadFolder } from '../../ops/workloads/folder.ts';
import { copyWorkload } from '../../ops/workloads/new.ts';
import type { CheckedWorkload } from '../../ops/workloads/report.ts';
import type { Rule } from '../../ops/workloads/rules.ts';

const CHURN = resolve(import.meta.dirname, '../../workloads/churn');
const repository = mkdtempSync(join(tmpdir(), 'baton-workloads-'));
afterAll(() => rmSync(repository, { recursive: true, force: true }));

/** A change of one file: what stands in it by what, `undefined` for the whole of it, `null` for no file. */
type Change = [file: string, from: string | undefined, to: string | null];
type Breach = [Rule, found: RegExp];

/** A copy of churn with what is changed in it, checked. */
async function checked(changes: Change[]): Promise<CheckedWorkload> {
  const directory = join(repository, 'workloads', 'mine');
  rmSync(directory, { recursive: true, force: true });
  copyWorkload(CHURN, directory);
  for (const [file, from, to] of changes) change(join(directory, file), from, to);
  const folder = workloadFolder(directory);
  return checkWorkload({
    ...{ folder, sample: sampleFolder(folder, undefined), parameters: {} },
    ...{ timeoutMs: 60_000, signal: new AbortController().signal, onPart: () => {} },
  });
}

function change(path: string, from: string | undefined, to: string | null): void {
  if (to === null) rmSync(path);
  else if (from === undefined) writeFileSync(path, to);
  else {
    const text = readFileSync(path, 'utf8');
    expect(text, path).toContain(from);
    writeFileSync(path, text.replace(from, to));
  }
}

const problems = ({ findings }: CheckedWorkload, status: 'error' | 'warning') =>
  findings.filter((finding) => finding.status === status).map(({ rule }) => rule);

/** What the Dockerfile of a role has of a kind. */
const lineOf = (role: string, kind: RegExp) =>
  String(kind.exec(readFileSync(join(CHURN, role, 'Dockerfile'), 'utf8')));

/** So that nothing is run which the test isn't about. */
const NO_SERVE: Change = ['serve/Dockerfile', undefined, null];

const FILES: [what: string, changes: Change[], breaches: Breach[], warnings?: Rule[]][] = [
  ['a descriptor that is no JSON', [['workload.json', '{', '']], [['descriptor-shape', /JSON/]]],
  [
    'a descriptor without columns and with an unknown format',
    [
      ['workload.json', '"columns"', '"fields"'],
      ['workload.json', '"CSV"', '"XML"'],
    ],
    [['descriptor-shape', /columns: .*snapshot\.format: /]],
  ],
  [
    'a descriptor of another name whose label is a number',
    [
      ['workload.json', '"name": "mine"', '"name": "yours"'],
      ['workload.json', '"column": "churned"', '"column": "support_calls"'],
    ],
    [
      ['descriptor-name', /"yours" in a folder "mine"/],
      ['descriptor-label', /support_calls is INTEGER/],
      ['config-names', /baton:model is mine, not yours; .*labelColumn is churned, not support_calls/],
    ],
  ],
  [
    "settings that are another workload's, and a schema of no columns",
    [
      ['config.json', '"baton:model": "mine"', '"baton:model": "churn"'],
      ['config.json', 'mine-serve:latest', 'churn-serve:latest'],
      ['config.json', '"baton:labelColumn": "churned"', '"baton:labelColumn": "label"'],
      ['config.json', 'monthly_charge', 'amount'],
      ['config.json', '[\\"contract\\"]', '[\\"gender\\"]'],
      ['schema.json', undefined, '[]'],
    ],
    [
      [
        'config-names',
        /model is churn, not mine; baton:serveImage is .*churn-serve.*; baton:labelColumn is label, not churned; baton:monitor has amount.*baton:gate has slices by gender/,
      ],
      ['schema-shape', /expected object/],
    ],
  ],
  ['no schema', [['schema.json', undefined, null]], [['schema-shape', /no such file/]]],
  [
    'a schema that no rejected line fits',
    [
      ['schema.json', '"tenure_months", "type": "INTEGER"', '"tenure_months", "type": "STRING"'],
      [
        'schema.json',
        '"name": "churned", "type": "STRING", "mode": "NULLABLE"',
        '"name": "churned", "type": "STRING", "mode": "REQUIRED"',
      ],
      ['schema.json', 'baton_raw', 'raw'],
    ],
    [['schema-columns', /tenure_months is STRING, not INTEGER; churned is REQUIRED.*; no column baton_raw/]],
  ],
  [
    "images as root, of an open base, without a program and without what they copy, and a transform of a later year's library",
    [
      ['train/Dockerfile', 'USER nobody\n', ''],
      ['train/Dockerfile', lineOf('train', /python:.*/), 'python'],
      ['evaluate/Dockerfile', lineOf('evaluate', /ENTRYPOINT.*/), ''],
      ['serve/Dockerfile', 'USER nobody', 'USER 0:0\nCOPY workloads/mine/models /models/'],
      [
        'transform/transform.js',
        'function isHeader',
        'function isHeader(v) { return class {}; }\nfunction isHeader',
      ],
    ],
    [
      ['images-user', /no USER, so that of python/],
      ['images-dockerfile', /neither ENTRYPOINT nor CMD/],
      ['images-user', /USER 0:0/],
      ['images-files', /there is no workloads\/mine\/models/],
      ['transform-engine', /Nashorn does not support classes/],
    ],
    ['images-base'],
  ],
  [
    'a transform that reaches for Node',
    [NO_SERVE, ['transform/transform.js', 'var COLUMNS', "var fs = require('fs');\nvar COLUMNS"]],
    [
      ['images-dockerfile', /no such file/],
      ['transform-engine', /require is not defined/],
    ],
  ],
  [
    'a transform that keeps the header, throws at some malformed lines and lets others through',
    [
      NO_SERVE,
      ['transform/transform.js', "line.trim() === '' || isHeader(values)", "line.trim() === ''"],
      [
        'transform/transform.js',
        "return rejected(line, 'expected ' + COLUMNS.length",
        "throw new Error('expected ' + COLUMNS.length",
      ],
      ['transform/transform.js', ", oneOf: ['yes', 'no']", ''],
      [
        'transform/transform.js',
        'row[COLUMNS[i].name] = null',
        "row[COLUMNS[i].name] = i === 3 ? 'monthly' : null",
      ],
    ],
    [
      ['images-dockerfile', /no such file/],
      ['transform-header', /of "tenure_months,.*: \{/],
      ['transform-rejects', /transform threw expected 6 columns, found 5/],
      ['transform-rejects', /transform threw expected 6 columns, found 7/],
      ['transform-rejects', /of "xxx.*…": .*transform threw/],
      ['transform-rejects', /a reject with contract/],
      ['transform-rejects', /neither label.*: \{.*"churned":"neither label"/],
    ],
  ],
  [
    'a transform whose rows do not fit the schema',
    [
      NO_SERVE,
      [
        'transform/transform.js',
        "=== 'STRING' ? values[j] : Number(values[j])",
        "=== 'STRING' ? values[j] : 'many'",
      ],
    ],
    [
      ['images-dockerfile', /no such file/],
      ['transform-rows', /Could not convert value to integer. Field: tenure_months; Value: many/],
      ['transform-rows', /row 1/],
    ],
  ],
  [
    'rows that all have the same label',
    [
      NO_SERVE,
      [
        'transform/transform.js',
        'return JSON.stringify(row);\n}\n\nfunction isHeader',
        "row.churned = 'yes';\n  return JSON.stringify(row);\n}\n\nfunction isHeader",
      ],
    ],
    [
      ['images-dockerfile', /no such file/],
      ['transform-labels', /labels "yes"/],
    ],
  ],
];

describe('a check names', { timeout: 120_000 }, () => {
  it.each(FILES)('%s', async (_what, changes, breaches, warnings = []) => {
    await expectBreaches(await checked(changes), breaches, warnings);
  });

  it('a trainer that fails, with its last words', async () => {
    const report = await checked([
      ['baseline/train.py', 'rows = read_snapshot(train)', 'rows = read_snapshot(gone)'],
    ]);
    await expectBreaches(report, [['train-succeeds', /status of 1.*name 'gone' is not defined/s]]);
    expect(report.notChecked).toContain('serve-ready');
  });

  it('a trainer that lacks a file, since its Dockerfile does not copy it', async () => {
    const report = await checked([
      ['train/Dockerfile', 'COPY workloads/mine/workload.json workloads/mine/\n', ''],
    ]);
    await expectBreaches(report, [['train-succeeds', /No such file or directory: .*workload\.json/]]);
  });

  it('a trainer that writes nothing', async () => {
    const report = await checked([
      ['baseline/train.py', '    storage.write(f"{folder}', '    print(f"{folder}'],
      ['baseline/train.py', '    job.write_marker(marker)\n', ''],
    ]);
    await expectBreaches(report, [
      ['train-marker', /no such object/],
      ['train-model', /no objects/],
    ]);
  });

  it('jobs that are done too early or on nothing, and a server that says yes to everything', async () => {
    const report = await checked([
      [
        'baseline/train.py',
        '    rows = read_snapshot(train)\n',
        '    job.write_marker(marker)\n    import time\n    rows = read_snapshot(train)\n',
      ],
      [
        'baseline/train.py',
        '    job.write_marker(marker)\n\n\nif',
        '    storage.write_json(f"{folder}time.json", time.time())\n\n\nif',
      ],
      [
        'baseline/evaluate.py',
        '    model = Model.parse(storage.read(f"{args.model}{FILE}").decode())\n',
        '    job.write_marker(args.marker)\n    model = Model.parse(storage.read(f"{args.model}{FILE}").decode())\n',
      ],
      [
        'baseline/evaluate.py',
        '    storage.write_json(f"{args.output}metrics.json", metrics)',
        '    storage.write_json(f"{args.output}metrics.json", {**metrics, "rows": 301})',
      ],
      [
        'baseline/evaluate.py',
        '"instance": row.instance, "prediction": prediction',
        '"instance": {**row.instance, "churned": "no"}, "prediction": prediction',
      ],
      ['baseline/serve.py', '    folder = job.needed', '    Handler.model = None\n    folder = job.needed'],
      [
        'baseline/serve.py',
        '    Handler.model = Model.parse',
        '    threading.Thread(target=load, args=(folder,), daemon=True).start()\n    with Server(("0.0.0.0", int(os.environ["AIP_HTTP_PORT"])), Handler) as server:\n        server.serve_forever()\n\n\ndef load(folder: str) -> None:\n    Handler.model = Model.parse',
      ],
      [
        'baseline/serve.py',
        'except RequestError as error:',
        'except RequestError as error:\n            error.status = 500',
      ],
    ]);
    await expectBreaches(
      report,
      [
        ['train-marker-last', /model\.json was written after it|time\.json was written after it/],
        ['train-bad-input', /failed, and with a marker/],
        ['evaluate-marker-last', /samples\.jsonl was written after it/],
        ['evaluate-rows', /rows 301 of a snapshot of 300/],
        ['evaluate-samples', /instances with churned/],
        ['evaluate-slices', /slices of 300 rows, of 301/],
        ['evaluate-bad-input', /failed, and with a marker/],
        ['serve-not-early', /^200$/],
        ['serve-malformed', /^500$/],
        ['serve-malformed', /^500$/],
        ['serve-malformed', /^500$/],
        ['serve-malformed', /^500$/],
        ['serve-stops', /no handler/],
        ['serve-not-early', /^200$/],
      ],
      ['train-repeatable'],
    );
  });

  it('a server that mixes up instances, and figures out of range', async () => {
    const report = await checked([
      [
        'baseline/evaluate.py',
        '    storage.write_json(f"{args.output}metrics.json", metrics)',
        '    storage.write_json(f"{args.output}metrics.json", {**metrics, "auc": 1.5})',
      ],
      [
        'baseline/serve.py',
        '[self.model.predict(instance) for instance in instances]',
        'sorted(self.model.predict(instance) for instance in instances)',
      ],
    ]);
    await expectBreaches(report, [
      ['evaluate-metrics', /auc/],
      ['serve-predictions', /backwards have other predictions/],
      ['serve-samples', /0\.\d+ for \{"instance"/],
    ]);
  });

  it('a server that answers too few predictions and dies of a bad request', async () => {
    const report = await checked([
      ['baseline/serve.py', 'for instance in instances]', 'for instance in instances[1:]]'],
      [
        'baseline/serve.py',
        'except RequestError as error:',
        'except RequestError as error:\n            os._exit(3)',
      ],
    ]);
    const found = report.findings.filter(({ status }) => status === 'error');
    expect(found.map(({ rule }) => rule)).toEqual(['serve-predictions', ...Array(5).fill('serve-malformed')]);
    expect(found[0].found).toBe('99 predictions');
    expect(found[1].found).toMatch(/no answer/);
  });

  it('a server that ends before it is healthy, with its last words', async () => {
    const report = await checked([
      ['baseline/serve.py', 'job.needed("AIP_STORAGE_URI")', 'job.needed("MODEL_URI")'],
    ]);
    await expectBreaches(report, [['serve-ready', /exit code 2.*MODEL_URI is not set/s]]);
  });
});

async function expectBreaches(
  report: CheckedWorkload,
  breaches: Breach[],
  warnings: Rule[] = [],
): Promise<void> {
  expect(problems(report, 'error')).toEqual(breaches.map(([rule]) => rule));
  const errors = report.findings.filter(({ status }) => status === 'error');
  for (const [index, [, found]] of breaches.entries()) expect(errors[index].found).toMatch(found);
  expect(problems(report, 'warning')).toEqual(warnings);
  expect(report.kept).toBe(false);
}
