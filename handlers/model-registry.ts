import type { protos } from '@google-cloud/aiplatform';
import { z } from 'zod';
import { type Evaluation, RunId } from '../events/index.ts';
import { vertexModels } from './runtime/clients.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { lookUp } from './runtime/failure.ts';
import { labelsOfAttempt } from './runtime/labels.ts';
import { hasRunning } from './runtime/long-running.ts';
import type { Work } from './runtime/stage.ts';

type Model = protos.google.cloud.aiplatform.v1.IModel;

const Settings = Environment.extend({ BATON_SERVE_IMAGE: z.string().min(1) });

/** One version of the registered model. */
export interface ModelVersion {
  /** `projects/…/models/census` */
  name: string;
  version: string;
  /** `projects/…/models/census@3`, which is what gets deployed. */
  resource: string;
  aliases: string[];
}

/** A version carries its run and attempt as an alias, so that a repeated upload is found instead of made again. */
const aliasOf = ({ run, attempt }: Work) => `run-${run}-${attempt}`;

/** The run and the attempt that have uploaded a version. */
export function uploaderOf(version: ModelVersion | undefined): { run: RunId; attempt: number } | undefined {
  for (const alias of version?.aliases ?? []) {
    const [, name, attempt] = /^run-(.+)-(\d+)$/.exec(alias) ?? [];
    const run = RunId.safeParse(name).data;
    if (run) return { run, attempt: Number(attempt) };
  }
  return undefined;
}

const location = (environment: Environment) =>
  `projects/${environment.GOOGLE_CLOUD_PROJECT}/locations/${environment.BATON_REGION}`;

const modelName = (environment: Environment) => `${location(environment)}/models/${environment.BATON_MODEL}`;

/** The version that this attempt has uploaded, if it has. */
export const findVersion = (work: Work): Promise<ModelVersion | undefined> =>
  findVersionAs(aliasOf(work), work.environment);

/** The version of a number or an alias. */
export async function findVersionAs(
  reference: string,
  environment: Environment,
): Promise<ModelVersion | undefined> {
  const name = modelName(environment);
  const found = await lookUp((await vertexModels()).getModel({ name: `${name}@${reference}` }));
  return found && versionOf(name, found[0]);
}

function versionOf(name: string, { versionId, versionAliases }: Model): ModelVersion {
  const version = String(versionId);
  return { name, version, resource: `${name}@${version}`, aliases: versionAliases ?? [] };
}

/** Puts aliases on a version, which takes each off whichever has it; `-alias` takes one off this version. */
export async function mergeAliases({ resource }: ModelVersion, aliases: string[]): Promise<void> {
  await (await vertexModels()).mergeVersionAliases({ name: resource, versionAliases: aliases });
}

/** Whether an upload to the model is under way: what it will be a version of can't be told before it ends. */
export async function isUploading(work: Work): Promise<boolean> {
  return hasRunning(modelName(work.environment));
}

/**
 * Uploads the run's artefact as a new version of the registered model, or as its first.
 *
 * @returns the long-running operation's name
 */
export async function uploadVersion({ artifact }: Evaluation, work: Work): Promise<string> {
  const settings = readEnvironment(Settings);
  const client = await vertexModels();
  const name = modelName(settings);
  const standing = await lookUp(client.getModel({ name }));
  work.checkLease();
  const [operation] = await client.uploadModel({
    parent: location(settings),
    ...(standing ? { parentModel: name } : { modelId: settings.BATON_MODEL }),
    model: {
      displayName: settings.BATON_MODEL,
      artifactUri: artifact.uri,
      versionAliases: [aliasOf(work)],
      versionDescription: `run ${work.run}, sha256 ${artifact.sha256}`,
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
