import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileFilter } from '../../local/logging/filter.ts';
import type { RecordedStack } from '../../local/program/recorded.ts';
import { ofType, recordBoth } from './recorded-program.ts';

const POLICY = 'gcp:monitoring/alertPolicy:AlertPolicy';
const METRIC = 'gcp:logging/metric:Metric';
const RUNBOOK = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');

interface Policy {
  displayName: string;
  conditions: { conditionThreshold: { filter: string; thresholdValue: number } }[];
  notificationChannels: string[];
  documentation: { content: string; links: { url: string }[] };
}

let stacks: RecordedStack[];
beforeAll(async () => {
  stacks = await recordBoth({
    config: {
      'baton:alertEmails': '["one@example.com","two@example.com"]',
      'baton:alertThresholds': '{"unackedSeconds":60,"stageSeconds":90}',
      'baton:runbookUrl': 'https://example.com/docs/runbook.md',
    },
  });
});

const policies = (stack: string) =>
  ofType(stacks, POLICY, stack).map(({ inputs }) => inputs as unknown as Policy);

describe('the alerts', () => {
  it('of both tenants watch messages and runs, and those of prod the endpoint', () => {
    const titles = (stack: string) => new Set(policies(stack).map(({ displayName }) => displayName));
    const runs = [
      'Baton: A message waits for too long',
      'Baton: Messages were given up',
      'Baton: A run is parked',
      'Baton: A stage takes too long',
    ];
    expect(titles('nonprod')).toEqual(new Set(runs));
    expect(titles('prod')).toEqual(
      new Set([
        ...runs,
        'Baton: A run waits for approval',
        'Baton: Predictions fail',
        'Baton: A model was rolled back',
        'Baton: The data have drifted',
      ]),
    );
  });

  it('fire at the thresholds of the config, and mail to its addresses', () => {
    for (const stack of ['nonprod', 'prod']) {
      const above = policies(stack).map(({ displayName, conditions }) => [
        displayName,
        conditions[0].conditionThreshold.thresholdValue,
      ]);
      expect(above).toContainEqual(['Baton: A message waits for too long', 60]);
      expect(above).toContainEqual(['Baton: A stage takes too long', 90]);
      const type = 'gcp:monitoring/notificationChannel:NotificationChannel';
      const channels = ofType(stacks, type, stack).filter(({ inputs }) => inputs.type === 'email');
      expect(
        channels.map(({ inputs }) => (inputs.labels as { email_address: string }).email_address),
      ).toEqual(['one@example.com', 'two@example.com']);
      for (const { notificationChannels } of policies(stack)) {
        expect(notificationChannels.sort()).toEqual(channels.map(({ id }) => id).sort());
      }
    }
  });

  it('link each to a section that the runbook has', () => {
    const anchors = [...RUNBOOK.matchAll(/^## (.+)$/gm)].map(([, heading]) =>
      heading.toLowerCase().replaceAll(' ', '-'),
    );
    for (const { documentation } of policies('prod')) {
      const [page, anchor] = documentation.links[0].url.split('#');
      expect(page).toBe('https://example.com/docs/runbook.md');
      expect(anchors).toContain(anchor);
    }
  });

  it('name only metrics of logs that are declared before them', () => {
    for (const stack of ['nonprod', 'prod']) {
      const metrics = ofType(stacks, METRIC, stack);
      const known = metrics.map(({ inputs }) => `logging.googleapis.com/user/${inputs.name}`);
      for (const { inputs, dependencies } of ofType(stacks, POLICY, stack)) {
        const named =
          JSON.stringify(inputs.conditions).match(/logging\.googleapis\.com\/user\/\w+\/\w+/g) ?? [];
        for (const metric of named) expect(known).toContain(metric);
        expect(dependencies).toEqual(expect.arrayContaining(metrics.map(({ urn }) => urn)));
      }
    }
  });
});

it('without addresses and a runbook, alerts are declared and mail nobody', async () => {
  const [, prod] = await recordBoth();
  const declared = ofType([prod], POLICY).map(({ inputs }) => inputs as unknown as Policy);
  expect(declared).toHaveLength(8);
  for (const { notificationChannels, documentation } of declared) {
    expect(notificationChannels).toEqual([]);
    expect(documentation).toMatchObject({ links: [], content: expect.stringContaining('docs/runbook.md') });
  }
});

it('the metric of anomalies passes what a monitoring job logs, and nothing else', () => {
  const [{ inputs }] = ofType(stacks, METRIC, 'prod').filter(({ name }) => name === 'anomalies');
  const passes = compileFilter(String(inputs.filter));
  const entry = (log: string) => ({
    project: 'baton-prod',
    logName: `projects/baton-prod/logs/${log}`,
    timestamp: '2026-11-22T00:00:00Z',
    receiveTimestamp: '2026-11-22T00:00:00Z',
    insertId: '1',
    severity: 'WARNING',
    resource: { type: 'aiplatform.googleapis.com/ModelDeploymentMonitoringJob', labels: {} },
  });
  expect(passes(entry('aiplatform.googleapis.com%2Fmodel_monitoring_anomaly'))).toBe(true);
  expect(passes(entry('run.googleapis.com%2Fstdout'))).toBe(false);
});

it('the dashboard charts runs everywhere, and the endpoint in prod', () => {
  const titles = (stack: string) => {
    const [{ inputs }] = ofType(stacks, 'gcp:monitoring/dashboard:Dashboard', stack);
    const { mosaicLayout } = JSON.parse(String(inputs.dashboardJson));
    return mosaicLayout.tiles.map(({ widget }: { widget: { title: string } }) => widget.title);
  };
  expect(titles('nonprod')).toHaveLength(6);
  expect(titles('prod')).toEqual(
    expect.arrayContaining([...titles('nonprod'), 'Predictions by deployed model']),
  );
});
