import type { Rule } from './rule.ts';

/** Where each type that can carry labels of the user's has them. */
export const LABELLED: Record<string, 'labels' | 'userLabels'> = {
  'gcp:artifactregistry/repository:Repository': 'labels',
  'gcp:bigquery/dataset:Dataset': 'labels',
  'gcp:bigquery/table:Table': 'labels',
  'gcp:cloudfunctionsv2/function:Function': 'labels',
  'gcp:eventarc/trigger:Trigger': 'labels',
  'gcp:kms/cryptoKey:CryptoKey': 'labels',
  'gcp:monitoring/alertPolicy:AlertPolicy': 'userLabels',
  // Its `labels` are what the channel is configured with.
  'gcp:monitoring/notificationChannel:NotificationChannel': 'userLabels',
  'gcp:pubsub/subscription:Subscription': 'labels',
  'gcp:pubsub/topic:Topic': 'labels',
  'gcp:storage/bucket:Bucket': 'labels',
  'gcp:vertex/aiTensorboard:AiTensorboard': 'labels',
  'gcp:workbench/instance:Instance': 'labels',
};

const VALUE = /^[a-z0-9_-]{1,63}$/;

/** The bill tells of every resource that can carry labels what it is for. */
export const labelled: Rule = ({ type, props }) => {
  const property = LABELLED[type];
  if (!property) return undefined;
  const labels = (props[property] ?? {}) as Record<string, unknown>;
  const wrong = ['model', 'env', 'component'].find((name) => !VALUE.test(String(labels[name] ?? '')));
  return (
    wrong &&
    `says ${labels[wrong] === undefined ? 'no' : `"${labels[wrong]}" as`} ${wrong} in its ${property}`
  );
};
