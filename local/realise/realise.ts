import { z } from 'zod';
import { realiseDataset, realiseTable } from './bigquery.ts';
import type { IamMember, RealisableCloud, ServiceAccount } from './cloud.ts';
import { type DeclaredResource, read } from './declared.ts';
import { describeResource } from './described.ts';
import { FunctionSources } from './function-source.ts';
import { isIamMember, readIamMember, readServiceAccount } from './iam.ts';
import { checkDeclaredKey, projectsWithKeys, realiseKey, realiseKeyMember, realiseKeyRing } from './keys.ts';
import { realiseNotificationChannel } from './monitoring.ts';
import { realiseSubscription, realiseTopic } from './pubsub.ts';
import { realiseFunction, realiseTrigger } from './run.ts';
import { realiseJob } from './scheduler.ts';
import { realiseBucket, realiseBucketPolicies, realiseNotification, realiseObject } from './storage.ts';
import { realiseMetadataStore } from './vertex.ts';

/** Types that change nothing on this machine, each for its reason. */
const WITHOUT_LOCAL_EFFECT = new Set([
  // Every API answers, enabled or not, and every service agent exists.
  'gcp:projects/service:Service',
  'gcp:projects/serviceIdentity:ServiceIdentity',
  // Images are built from the repository's Dockerfiles by their name; only the key is checked, as in what follows.
  'gcp:artifactregistry/repository:Repository',
  // Channels carry events within Google; the local Eventarc has none.
  'gcp:eventarc/googleChannelConfig:GoogleChannelConfig',
  // One store keeps all logs, and TensorBoard logs stay in the bucket.
  'gcp:logging/projectBucketConfig:ProjectBucketConfig',
  'gcp:logging/projectSink:ProjectSink',
  'gcp:vertex/aiTensorboard:AiTensorboard',
  // There are no machines whose traffic a network could carry or refuse, and none that is a notebook.
  'gcp:compute/network:Network',
  'gcp:compute/subnetwork:Subnetwork',
  'gcp:compute/firewall:Firewall',
  'gcp:workbench/instance:Instance',
  // Nothing builds here when a repository changes; the accounts that builds run as hold what no call asks for.
  'gcp:cloudbuild/trigger:Trigger',
  'gcp:projects/iAMCustomRole:IAMCustomRole',
  // Nothing measures, draws or mails here; what the metrics' filters pass is tested against the entries of runs.
  'gcp:logging/metric:Metric',
  'gcp:monitoring/alertPolicy:AlertPolicy',
  'gcp:monitoring/dashboard:Dashboard',
  // The program's own means.
  'pulumi:pulumi:Stack',
  'pulumi:pulumi:StackReference',
]);

/** What the program says of who may do what. */
export interface Realised {
  serviceAccounts: ServiceAccount[];
  iamMembers: IamMember[];
}

/**
 * Makes a program's resources real in the local cloud, in the order in which they were declared, which is one in
 * which every resource comes after those it refers to. What exists already is brought to its declaration.
 *
 * @throws Error naming a resource of a type that isn't known here
 */
export async function realise(resources: DeclaredResource[], cloud: RealisableCloud): Promise<Realised> {
  const sources = new FunctionSources(resources, cloud.stateDir);
  const uris = serviceUris(resources);
  const realised: Realised = { serviceAccounts: [], iamMembers: [] };
  for (const project of projectsWithKeys(resources)) cloud.keys.requireKeys(project);
  for (const resource of resources) {
    checkDeclaredKey(resource, cloud);
    describeResource(resource, cloud);
    if (isIamMember(resource)) {
      realised.iamMembers.push(readIamMember(resource));
      realiseKeyMember(resource, cloud);
      continue;
    }
    switch (resource.type) {
      case 'gcp:kms/keyRing:KeyRing':
        realiseKeyRing(resource, cloud);
        break;
      case 'gcp:kms/cryptoKey:CryptoKey':
        realiseKey(resource, cloud);
        break;
      case 'gcp:pubsub/topic:Topic':
        realiseTopic(resource, cloud);
        break;
      case 'gcp:pubsub/subscription:Subscription':
        realiseSubscription(resource, cloud);
        break;
      case 'gcp:storage/bucket:Bucket':
        realiseBucket(resource, cloud);
        break;
      case 'gcp:storage/notification:Notification':
        realiseNotification(resource, cloud);
        break;
      case 'gcp:storage/bucketObject:BucketObject':
        await realiseObject(resource, cloud);
        break;
      case 'gcp:bigquery/dataset:Dataset':
        await realiseDataset(resource, cloud);
        break;
      case 'gcp:bigquery/table:Table':
        await realiseTable(resource, cloud);
        break;
      case 'gcp:cloudfunctionsv2/function:Function':
        await realiseFunction(resource, cloud, sources);
        break;
      case 'gcp:eventarc/trigger:Trigger':
        realiseTrigger(resource, cloud, (service) => uris.get(service));
        break;
      case 'gcp:cloudscheduler/job:Job':
        realiseJob(resource, cloud);
        break;
      case 'gcp:monitoring/notificationChannel:NotificationChannel':
        realiseNotificationChannel(resource, cloud);
        break;
      case 'gcp:vertex/aiMetadataStore:AiMetadataStore':
        realiseMetadataStore(resource, cloud);
        break;
      case 'gcp:serviceaccount/account:Account':
        realised.serviceAccounts.push(readServiceAccount(resource));
        break;
      default:
        checkHasNoLocalEffect(resource);
    }
  }
  realiseBucketPolicies(realised.iamMembers, resources, cloud);
  return realised;
}

function checkHasNoLocalEffect({ type, name, stack }: DeclaredResource): void {
  const isComponent = !type.startsWith('gcp:') && !type.startsWith('pulumi:');
  if (isComponent || WITHOUT_LOCAL_EFFECT.has(type)) return;
  throw new Error(
    `The local cloud doesn't know resources of type ${type}, such as '${name}' of stack '${stack}'. ` +
      'Realise them in local/realise/realise.ts, or list them there as without local effect.',
  );
}

const ServiceOutputs = z.object({ serviceConfig: z.object({ service: z.string(), uri: z.string() }) });

function serviceUris(resources: DeclaredResource[]): Map<string, string> {
  const functions = resources.filter(({ type }) => type === 'gcp:cloudfunctionsv2/function:Function');
  return new Map(
    functions.map((resource) => {
      const { serviceConfig } = read(resource, ServiceOutputs, 'outputs');
      return [serviceConfig.service, serviceConfig.uri];
    }),
  );
}
