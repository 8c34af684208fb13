import { type Rule, valueAt } from './rule.ts';

/** Where each type that a key can encrypt names its key. */
export const CARRIERS: Record<string, string[]> = {
  'gcp:artifactregistry/repository:Repository': ['kmsKeyName'],
  'gcp:bigquery/dataset:Dataset': ['defaultEncryptionConfiguration.kmsKeyName'],
  'gcp:cloudfunctionsv2/function:Function': ['kmsKeyName'],
  'gcp:eventarc/googleChannelConfig:GoogleChannelConfig': ['cryptoKeyName'],
  'gcp:logging/projectBucketConfig:ProjectBucketConfig': ['cmekSettings.kmsKeyName'],
  'gcp:pubsub/topic:Topic': ['kmsKeyName'],
  'gcp:storage/bucket:Bucket': ['encryption.defaultKmsKeyName'],
  'gcp:storage/bucketObject:BucketObject': ['kmsKeyName'],
  'gcp:vertex/aiMetadataStore:AiMetadataStore': ['encryptionSpec.kmsKeyName'],
  'gcp:vertex/aiTensorboard:AiTensorboard': ['encryptionSpec.kmsKeyName'],
  'gcp:workbench/instance:Instance': ['gceSetup.bootDisk.kmsKey', 'gceSetup.dataDisks.kmsKey'],
};

/** Types that hold nothing, or whose content is that of another resource. */
const NOTHING_TO_ENCRYPT = [
  /^gcp:.*I[aA][mM]Member$/,
  // Its dataset's key encrypts it.
  /^gcp:bigquery\/table:Table$/,
  /^gcp:cloudbuild\/trigger:Trigger$/,
  /^gcp:cloudscheduler\/job:Job$/,
  /^gcp:compute\/(network:Network|subnetwork:Subnetwork|firewall:Firewall)$/,
  /^gcp:eventarc\/trigger:Trigger$/,
  /^gcp:kms\//,
  /^gcp:logging\/(metric:Metric|projectSink:ProjectSink)$/,
  /^gcp:monitoring\//,
  /^gcp:projects\/(service(Identity)?|iAMCustomRole):/,
  /^gcp:pubsub\/subscription:Subscription$/,
  /^gcp:serviceaccount\/account:Account$/,
  /^gcp:storage\/notification:Notification$/,
];

/** Every resource that can carry a key does, and it is the stack's. */
export const underKey =
  (kmsKey: string): Rule =>
  ({ type, props }) => {
    const other = (CARRIERS[type] ?? []).find((path) => valueAt(props, path) !== kmsKey);
    return other && `is not under the key: its ${other} is ${valueAt(props, other) ?? 'not set'}`;
  };

/** A type that is new in the program is either known to carry a key or known to hold nothing. */
export const knownToEncryption: Rule = ({ type }) =>
  !type.startsWith('gcp:') || type in CARRIERS || NOTHING_TO_ENCRYPT.some((known) => known.test(type))
    ? undefined
    : 'is of a type of which infra/policy/encryption.ts does not say whether a key can encrypt it';
