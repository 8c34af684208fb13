import { type PolicyResource, type Rule, type StackRule, valueAt } from './rule.ts';

/** Types with whose resources something goes that nothing brings back. */
const HOLDS_STATE = new Set([
  'gcp:artifactregistry/repository:Repository',
  'gcp:bigquery/dataset:Dataset',
  'gcp:bigquery/table:Table',
  'gcp:kms/cryptoKey:CryptoKey',
  'gcp:kms/keyRing:KeyRing',
  'gcp:pubsub/topic:Topic',
  'gcp:storage/bucket:Bucket',
  'gcp:vertex/aiMetadataStore:AiMetadataStore',
  'gcp:vertex/aiTensorboard:AiTensorboard',
  'gcp:workbench/instance:Instance',
]);

/** Cloud Build makes the functions' images again, and a view has no rows. */
const canBeMadeAgain = ({ type, props }: PolicyResource) =>
  (type === 'gcp:artifactregistry/repository:Repository' && props.repositoryId === 'functions') ||
  (type === 'gcp:bigquery/table:Table' && props.view !== undefined);

/** Where a type has a lock of its own beside Pulumi's, what it is when open. */
const OPEN: Record<string, { property: string; when: boolean }> = {
  // Closed unless the program opens it.
  'gcp:bigquery/table:Table': { property: 'deletionProtection', when: false },
  'gcp:storage/bucket:Bucket': { property: 'forceDestroy', when: true },
};

/** What holds state, Pulumi refuses to delete. */
export const protectedState: Rule = (resource) => {
  const { type, props, protect } = resource;
  if (!HOLDS_STATE.has(type) || canBeMadeAgain(resource)) return undefined;
  if (!protect) return 'holds state, and Pulumi may delete it: declare it with protect';
  const open = OPEN[type];
  return open && props[open.property] === open.when
    ? `holds state, and has ${open.property} ${open.when}`
    : undefined;
};

/** A subscription that nothing passed through for a month is as needed as before. */
export const neverExpires: Rule = ({ type, props }) =>
  type === 'gcp:pubsub/subscription:Subscription' && valueAt(props, 'expirationPolicy.ttl') !== ''
    ? 'expires when nothing passes for a time'
    : undefined;

/** A message is dead-lettered to where somebody hears of it. */
export const deadLettersAreHeard: StackRule = (resources) => {
  const subscriptions = resources.filter(({ type }) => type === 'gcp:pubsub/subscription:Subscription');
  const heard = new Set(subscriptions.map(({ props }) => props.topic));
  return subscriptions.flatMap(({ name, props }) => {
    const topic = valueAt(props, 'deadLetterPolicy.deadLetterTopic');
    return topic === undefined || heard.has(topic) ? [] : [`'${name}' loses its dead letters in ${topic}`];
  });
};
