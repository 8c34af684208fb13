import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { checked, expectBreaches, repository } from './broken-workload.ts';

afterAll(() => rmSync(repository, { recursive: true, force: true }));

describe('a check names', () => {
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
