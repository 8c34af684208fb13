import { z } from 'zod';
import type { RealisableCloud } from './cloud.ts';
import { type DeclaredResource, read } from './declared.ts';
import type { FunctionSources } from './function-source.ts';

const CloudFunction = z.object({
  project: z.string(),
  location: z.string(),
  name: z.string(),
  eventTrigger: z.never('declare a subscription of its own instead of an eventTrigger').optional(),
  buildConfig: z.object({
    entryPoint: z.string(),
    serviceAccount: z.string().optional(),
    dockerRepository: z.string().optional(),
    source: z.object({ storageSource: z.object({ bucket: z.string(), object: z.string() }) }),
  }),
  serviceConfig: z.object({
    uri: z.string(),
    serviceAccountEmail: z.string('a function without its own service account would run as the default one'),
    environmentVariables: z.record(z.string(), z.string()).default({}),
    timeoutSeconds: z.number().default(60),
    maxInstanceRequestConcurrency: z.number().default(1),
    minInstanceCount: z.number().default(0),
    maxInstanceCount: z.number().default(100),
  }),
});

export async function realiseFunction(
  resource: DeclaredResource,
  cloud: RealisableCloud,
  sources: FunctionSources,
): Promise<void> {
  const { project, location, name, buildConfig, serviceConfig } = read(resource, CloudFunction, 'outputs');
  const { bucket, object } = buildConfig.source.storageSource;
  checkBuild(buildConfig, cloud);
  await cloud.functions.declare({
    name,
    project,
    region: location,
    uri: serviceConfig.uri,
    entryPoint: buildConfig.entryPoint,
    sourceDir: sources.unpack(bucket, object),
    serviceAccount: serviceConfig.serviceAccountEmail,
    env: serviceConfig.environmentVariables,
    timeoutSeconds: serviceConfig.timeoutSeconds,
    concurrency: serviceConfig.maxInstanceRequestConcurrency,
    minInstances: serviceConfig.minInstanceCount,
    maxInstances: serviceConfig.maxInstanceCount,
  });
}

/** Cloud Build reads the source and pushes the image with the rights of the account that it is given. */
function checkBuild(build: z.output<typeof CloudFunction>['buildConfig'], { iam }: RealisableCloud): void {
  if (!iam) return;
  const { serviceAccount, dockerRepository, source } = build;
  if (!serviceAccount) throw new Error(`${build.entryPoint} would be built by the default compute account.`);
  const principal = `serviceAccount:${serviceAccount.split('/').at(-1)}`;
  const { bucket, object } = source.storageSource;
  iam.authorize({
    principal,
    permission: 'storage.objects.get',
    resource: `//storage.googleapis.com/projects/_/buckets/${bucket}/objects/${object}`,
  });
  if (!dockerRepository) return;
  iam.authorize({
    principal,
    permission: 'artifactregistry.repositories.uploadArtifacts',
    resource: `//artifactregistry.googleapis.com/${dockerRepository}`,
  });
}

const Trigger = z.object({
  project: z.string(),
  location: z.string(),
  name: z.string(),
  serviceAccount: z.string(),
  matchingCriterias: z.array(
    z.object({
      attribute: z.string(),
      value: z.string(),
      operator: z.never('only exact matches are realised').optional(),
    }),
  ),
  destination: z.object({
    cloudRunService: z.object({ service: z.string(), region: z.string(), path: z.string().default('') }),
  }),
});

/** @param uriOf answers the URL of a Cloud Run service by its full name */
export function realiseTrigger(
  resource: DeclaredResource,
  cloud: RealisableCloud,
  uriOf: (service: string) => string | undefined,
): void {
  const { project, location, name, serviceAccount, matchingCriterias, destination } = read(resource, Trigger);
  const { service, region, path } = destination.cloudRunService;
  const fullName = `projects/${project}/locations/${region}/services/${service}`;
  const uri = uriOf(fullName);
  if (!uri)
    throw new Error(`Eventarc trigger '${name}' leads to ${fullName}, which the program doesn't declare.`);
  cloud.eventarc.declare({
    project,
    location,
    name,
    criteria: Object.fromEntries(matchingCriterias.map(({ attribute, value }) => [attribute, value])),
    uri: uri + path,
    serviceAccount,
  });
}
