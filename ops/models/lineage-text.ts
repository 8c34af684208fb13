import { fields } from '../terminal/output.ts';
import type { VersionLineage } from './lineage.ts';

/** Where a version comes from, as a person reads it: the five questions, one after the other. */
export function lineageText(lineage: VersionLineage): string {
  const { data, code, artefact, evaluation, champion, approval, serving } = lineage;
  const figures = evaluation?.figures;
  return fields([
    ['version', lineage.version],
    ['run', lineage.run],
    ['started by', lineage.startedBy],
    ['deployed', lineage.deployedAt],
    ['artefact', artefact && `${artefact.uri} (SHA-256 ${artefact.sha256})`],
    ...data.map(
      ({ table, uri, sha256 }) => [`${table} data`, `${uri} (SHA-256 ${sha256})`] as [string, string],
    ),
    ['trained by', code.train?.image],
    ['', code.train?.job],
    ['parameters', code.train?.parameters && JSON.stringify(code.train.parameters)],
    ['commit', code.train?.commit],
    ['evaluated by', code.evaluate?.image],
    ['', code.evaluate?.job],
    [
      'metrics',
      figures &&
        `accuracy ${figures.accuracy.toFixed(4)}, AUC ${figures.auc.toFixed(4)}, log loss ${figures.logLoss.toFixed(4)}, of ${figures.rows} rows`,
    ],
    ['', evaluation?.uri && `${evaluation.uri} (SHA-256 ${evaluation.sha256})`],
    ['gate', evaluation?.gate.decision],
    ['champion', champion && `not worse than version ${champion.version} of ${champion.run}`],
    ['approved by', approval && approvalText(approval)],
    ['approved', approval && `digest ${approval.digest}`],
    ...(serving.length > 0
      ? serving.map(
          ({ endpoint, deployedModelId, share }) =>
            ['serves', `${share} % at ${endpoint}, as ${deployedModelId}`] as [string, string],
        )
      : [['serves', 'nowhere now'] as [string, string]]),
  ]);
}

function approvalText({ by, at, reason }: NonNullable<VersionLineage['approval']>): string {
  return by ? `${by} at ${at}: ${reason}` : 'nobody: the stack asks for no approval';
}
