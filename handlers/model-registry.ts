import { z } from 'zod';
import type { Evaluation } from '../events/index.ts';
import { vertexModels } from './runtime/clients.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { lookUp } from './runtime/failure.ts';
import { labelsOfAttempt } from './runtime/labels.ts';
import { hasRunning } from './runtime/long-running.ts';
import type { Work } from './runtime/stage.ts';

const Settings = Environment.extend({ BATON_SERVE_IMAGE: z.string().min(1) });

/** One version of the registered model. */
export interface ModelVersion {
  /** `projects/…/models/census` */
  name: string;
  version: string;
  /** `projects/…/models/census@3`, which is what gets deployed. */
  resource: string;
}

/** A version carries its run and attempt as an alias, so that a repeated upload is found instead of made again. */
const aliasOf = ({ run, attempt }: Work) => `run-${run}-${attempt}`;

const location = ({ environment }: Pick<Work, 'environment'>) =>
  `projects/${environment.GOOGLE_CLOUD_PROJECT}/locations/${environment.BATON_REGION}`;

/** The version that this attempt has uploaded, if it has. */
export async function findVersion(work: Work): Promise<ModelVersion | undefined> {
  const model = `${location(work)}/models/${work.environment.BATON_MODEL}`;
  const found = await lookUp((await vertexModels()).getModel({ name: `${model}@${aliasOf(work)}` }));
  if (!found) return undefined;
  const version = String(found[0].versionId);
  return { name: model, version, resource: `${model}@${version}` };
}

/** Whether an upload to the model is under way: what it will be a version of can't be told before it ends. */
export async function isUploading(work: Work): Promise<boolean> {
  return hasRunning(`${location(work)}/models/${work.environment.BATON_MODEL}`);
}

/**
 * Uploads the run's artefact as a new version of the registered model, or as its first.
 *
 * @returns the long-running operation's name
 */
export async function uploadVersion(evaluation: Evaluation, work: Work): Promise<string> {
  const settings = readEnvironment(Settings);
  const client = await vertexModels();
  const name = `${location(work)}/models/${settings.BATON_MODEL}`;
  const standing = await lookUp(client.getModel({ name }));
  work.checkLease();
  const [operation] = await client.uploadModel({
    parent: location(work),
    ...(standing ? { parentModel: name } : { modelId: settings.BATON_MODEL }),
    model: {
      displayName: settings.BATON_MODEL,
      artifactUri: evaluation.artifact.uri,
      versionAliases: [aliasOf(work)],
      versionDescription: `run ${work.run}, sha256 ${evaluation.artifact.sha256}`,
      labels: labelsOfAttempt(work, 'deploy'),
      containerSpec: {
        imageUri: settings.BATON_SERVE_IMAGE,
        predictRoute: '/predict',
        healthRoute: '/health',
        ports: [{ containerPort: 8080 }],
      },
      ...(settings.BATON_KMS_KEY && { encryptionSpec: { kmsKeyName: settings.BATON_KMS_KEY } }),
    },
  });
  return String(operation.name);
}
