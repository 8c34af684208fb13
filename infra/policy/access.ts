import { isMember, type PolicyResource, type Rule, type StackRule, valueAt } from './rule.ts';

/** Nobody outside holds anything. */
export const noPublicMember: Rule = ({ props }) =>
  /^all(Authenticated)?Users$/.test(String(props.member))
    ? `grants ${props.role} to ${props.member}`
    : undefined;

/** A basic role permits nearly everything in a project. */
export const noBasicRole: Rule = ({ props }) =>
  /^roles\/(owner|editor|viewer)$/.test(String(props.role))
    ? `grants the basic role ${props.role}`
    : undefined;

/** A binding or a policy would take away what others have granted on the same resource. */
export const additiveGrants: Rule = ({ type }) =>
  /I[aA][mM](Binding|Policy)$/.test(type) ? 'replaces the grants of others: declare members' : undefined;

/** Whoever holds a key is the account, wherever they are. */
export const noServiceAccountKey: Rule = ({ type }) =>
  type === 'gcp:serviceaccount/key:Key' ? 'is a key that can leave: attach the account instead' : undefined;

/** Where each type names the accounts that something of it runs or is built as. */
const RUNS_AS: Record<string, string[]> = {
  'gcp:cloudbuild/trigger:Trigger': ['serviceAccount'],
  'gcp:cloudfunctionsv2/function:Function': [
    'serviceConfig.serviceAccountEmail',
    'buildConfig.serviceAccount',
  ],
  'gcp:cloudscheduler/job:Job': ['httpTarget.oidcToken.serviceAccountEmail'],
  'gcp:eventarc/trigger:Trigger': ['serviceAccount'],
  'gcp:workbench/instance:Instance': ['gceSetup.serviceAccounts.0.email'],
};

/** What names no account runs as the default one of Compute Engine, which may be an editor of the project. */
export const ownAccount: Rule = ({ type, props }) => {
  for (const path of RUNS_AS[type] ?? []) {
    const account = valueAt(props, path);
    if (!account) return `names no ${path}`;
    if (/-compute@developer\.gserviceaccount\.com$/.test(String(account))) return `runs as ${account}`;
  }
  return undefined;
};

/** Nothing of a bucket is public, whatever is said of one object. */
export const privateBucket: Rule = ({ type, props }) =>
  type === 'gcp:storage/bucket:Bucket' &&
  !(props.uniformBucketLevelAccess === true && props.publicAccessPrevention === 'enforced')
    ? 'may have public objects'
    : undefined;

/** Machines have no public addresses, and reach Google's services without. */
export const privateMachines: Rule = ({ type, props }) => {
  if (type === 'gcp:workbench/instance:Instance' && valueAt(props, 'gceSetup.disablePublicIp') !== true) {
    return 'has a public address';
  }
  if (type === 'gcp:compute/subnetwork:Subnetwork' && props.privateIpGoogleAccess !== true) {
    return 'has no Private Google Access';
  }
  return undefined;
};

/** Production is released when somebody says so, and a stranger's proposal runs when an owner says so. */
export const askedBeforeBuilding: Rule = ({ type, props }) => {
  if (type !== 'gcp:cloudbuild/trigger:Trigger') return undefined;
  const proposal = valueAt(props, 'developerConnectEventConfig.pullRequest');
  if (proposal && !/^COMMENTS_ENABLED/.test(String(valueAt({ proposal }, 'proposal.commentControl')))) {
    return 'runs what anybody proposes';
  }
  return props.filename === 'cloudbuild/production.yaml' &&
    valueAt(props, 'approvalConfig.approvalRequired') !== true
    ? 'releases production without approval'
    : undefined;
};

export const ACCESS_RULES = [
  noPublicMember,
  noBasicRole,
  additiveGrants,
  noServiceAccountKey,
  ownAccount,
  privateBucket,
  privateMachines,
  askedBeforeBuilding,
];

/** A project, as it occurs in the names of resources and of service accounts. */
export interface ProjectIdentity {
  project: string;
  projectNumber: string;
}

/** The grants of a stack to identities of another project. */
function heldBy({ project, projectNumber }: ProjectIdentity, resources: PolicyResource[]): PolicyResource[] {
  const identity = new RegExp(`@${project}\\.|(?<!\\d)${projectNumber}[-@]`);
  return resources.filter((resource) => isMember(resource) && identity.test(String(resource.props.member)));
}

/** No identity of non-production holds a role in production. */
export const nothingForNonprod =
  (nonprod: ProjectIdentity): StackRule =>
  (prod) =>
    heldBy(nonprod, prod).map(({ name, props }) => `'${name}' grants ${props.role} to ${props.member}`);

/** What production may do in non-production, each on one resource. */
const PRODUCTION_MAY = {
  'attach to one topic': {
    type: 'gcp:pubsub/topicIAMMember:TopicIAMMember',
    roles: ['roles/pubsub.subscriber'],
  },
  'read one bucket': {
    type: 'gcp:storage/bucketIAMMember:BucketIAMMember',
    roles: ['roles/storage.objectViewer'],
  },
  // The agent that measures skew reads its rows, and monitor its columns.
  'read one dataset': {
    type: 'gcp:projects/iAMMember:IAMMember',
    roles: ['roles/bigquery.dataViewer', 'roles/bigquery.metadataViewer'],
  },
};

/** The one thing more, and only where non-production asks to be told of drift (`baton:retraining`). */
const callsRetrain = ({ project }: ProjectIdentity, { type, props }: PolicyResource) =>
  type === 'gcp:cloudrunv2/serviceIamMember:ServiceIamMember' &&
  props.role === 'roles/run.invoker' &&
  props.name === 'retrain' &&
  props.member === `serviceAccount:retrain-push@${project}.iam.gserviceaccount.com`;

/**
 * Production attaches to one topic, reads one bucket and one dataset of non-production, and that is all.
 *
 * @param answersDrift whether non-production does: then one identity of production may call the one function
 */
export const productionHoldsNoMore =
  (prod: ProjectIdentity, answersDrift = false): StackRule =>
  (nonprod) => {
    const held = heldBy(prod, nonprod).filter((grant) => !(answersDrift && callsRetrain(prod, grant)));
    const may = Object.values(PRODUCTION_MAY);
    const tooMuch = held
      .filter(
        ({ type, props }) =>
          !may.some((it) => it.type === type && it.roles.includes(String(props.role))) ||
          !isOnOne(type, props),
      )
      .map(({ name, props }) => `'${name}' grants ${props.role} to ${props.member}`);
    const several = Object.entries(PRODUCTION_MAY).flatMap(([what, { type }]) => {
      const on = new Set(held.filter((member) => member.type === type).map(grantedOn));
      return on.size > 1 ? [`production may ${what}, and holds a role on ${[...on].join(' and ')}`] : [];
    });
    return [...tooMuch, ...several];
  };

/** A run creates the dataset, so the grant is on the project, by a condition for the dataset alone. */
const isOnOne = (type: string, props: PolicyResource['props']) =>
  type !== 'gcp:projects/iAMMember:IAMMember' ||
  /^resource\.name == "([^"]+)" \|\| resource\.name\.startsWith\("\1\/"\)$/.test(
    String(valueAt(props, 'condition.expression')),
  );

const grantedOn = ({ props }: PolicyResource) =>
  String(props.topic ?? props.bucket ?? props.name ?? valueAt(props, 'condition.expression'));
