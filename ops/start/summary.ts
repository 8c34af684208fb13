import pc from 'picocolors';
import { progressText } from '../runs/describe.ts';
import type { Report } from '../runs/report.ts';

const LABEL_WIDTH = 16;

/** The report of a run as a person reads it. */
export function summarise(report: Report): string {
  const rows = summaryRows(report).filter((row): row is [string, string] => row[1] !== undefined);
  const lines = rows.map(([name, value]) => `${pc.dim(name.padEnd(LABEL_WIDTH))}${value}`);
  return `\n${headline(report)}\n\n${lines.join('\n')}\n${failureText(report)}`;
}

function headline(report: Report): string {
  const run = pc.bold(report.run);
  const data = report.synthetic ? ' (on a synthetic census sample)' : '';
  if (report.state === 'awaiting-approval') return pc.yellow(`… Run ${run} waits for approval${data}.`);
  if (report.state === 'monitored') return pc.green(`✓ Run ${run} is deployed and monitored${data}.`);
  return pc.red(`✗ Run ${run} ended ${report.state}${data}.`);
}

function summaryRows(report: Report): [string, string | undefined][] {
  const { rows, rejected, metrics, gate, champion, approval, model, rollout, prediction } = report;
  return [
    ['run', report.run],
    ['rows ingested', rows && `${rows.train} train, ${rows.eval} eval`],
    ['rows rejected', rejected && rejectedText(rejected)],
    [
      'metrics',
      metrics &&
        `accuracy ${metrics.accuracy.toFixed(4)}, AUC ${metrics.auc.toFixed(4)}, log loss ${metrics.logLoss.toFixed(4)}`,
    ],
    ['gate', gate && `${gate.decision}: ${onLines(gate.reasons)}`],
    ['champion', champion && championText(champion)],
    ['approved', approval && `by ${approval.by} at ${approval.at}: ${approval.reason}`],
    ['model', model && `${model.name}@${model.version}`],
    ['sha256', model?.sha256],
    ['endpoint', report.endpoint],
    ['traffic split', report.trafficSplit && JSON.stringify(report.trafficSplit)],
    ['rollout', rollout && (typeof rollout === 'string' ? rollout : progressText(rollout))],
    ['prediction', prediction && `${String(prediction.prediction)} by ${prediction.deployedModelId}`],
    ['of instance', prediction && JSON.stringify(prediction.instance)],
    ['monitoring job', report.monitoringJob],
    ['time per stage', report.stages.map(stageTime).join(', ')],
    ['run folder', onLines(report.folders)],
  ];
}

/** One below the other, beside their label. */
const onLines = (texts: string[]): string => texts.join(`\n${' '.repeat(LABEL_WIDTH)}`);

function championText({ run, version, metrics }: NonNullable<Report['champion']>): string {
  return `version ${version} of ${run}: accuracy ${metrics.accuracy.toFixed(4)}, AUC ${metrics.auc.toFixed(4)}, log loss ${metrics.logLoss.toFixed(4)}`;
}

function rejectedText(rejected: NonNullable<Report['rejected']>): string {
  const counts = `${rejected.train} train, ${rejected.eval} eval`;
  return rejected.file ? `${counts}, in ${rejected.file}` : counts;
}

function stageTime(stage: Report['stages'][number]): string {
  if (!stage.endedAt) return `${stage.stage} ${stage.state}`;
  const seconds = (Date.parse(stage.endedAt) - Date.parse(stage.startedAt)) / 1000;
  return `${stage.stage} ${seconds.toFixed(1)} s`;
}

function failureText({ run, failure, state, stages, gate, champion, rejection }: Report): string {
  if (failure) {
    return pc.red(`\n${failure.stage} ${failure.code}: ${failure.reason}\n→ ${failure.advice}\n`);
  }
  if (state === 'stalled') {
    const last = stages.at(-1);
    const where = last ? `after ${last.stage} (${last.state})` : 'before its first stage';
    return pc.red(`\nThe run stood still ${where}.\n→ Check the wiring in infra/ and the functions' logs.\n`);
  }
  if (state === 'superseded') {
    return pc.yellow('\nA newer run of the model was deployed first, so this one was not.\n');
  }
  if (state === 'awaiting-approval') {
    return pc.yellow(`\n→ npx baton approvals show ${run}, and then approve or reject it.\n`);
  }
  if (state === 'rejected') {
    return pc.red(`\nThe model was rejected by ${rejection?.by}: ${rejection?.reason}\n`);
  }
  if (state === 'gate-failed') {
    const by = champion ? 'The model that serves held this one back' : 'The gate held the model back';
    return pc.red(
      `\n${by}: ${gate?.failed.join('; ')}\n→ Train a better model, or review the ${champion ? 'margins' : 'thresholds'}.\n`,
    );
  }
  return '';
}
