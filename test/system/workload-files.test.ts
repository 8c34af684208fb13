import { rmSync } from 'node:fs';
import { afterAll, describe, it } from 'vitest';
import type { Rule } from '../../ops/workloads/rules.ts';
import { type Breach, type Change, checked, expectBreaches, lineOf, repository } from './broken-workload.ts';

afterAll(() => rmSync(repository, { recursive: true, force: true }));

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

describe("a check names what is wrong with a workload's files", () => {
  it.each(FILES)('%s', async (_what, changes, breaches, warnings = []) => {
    await expectBreaches(await checked(changes), breaches, warnings);
  });
});
