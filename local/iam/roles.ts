/**
 * The predefined roles in use and what they permit, as far as the local cloud asks for it: permissions that no served
 * method needs are left out. Where each role was read is in role-sources.ts. Which role an agent holds is said by
 * cloud.google.com/iam/docs/service-agents.
 */
const ROLES = {
  'roles/aiplatform.user': [
    ...permissions('aiplatform.artifacts', 'create', 'get', 'list', 'update'),
    ...permissions('aiplatform.contexts', 'addContextArtifactsAndExecutions', 'create', 'get', 'list'),
    ...permissions('aiplatform.contexts', 'queryContextLineageSubgraph', 'update'),
    ...permissions('aiplatform.customJobs', 'cancel', 'create', 'delete', 'get', 'list'),
    ...permissions(
      'aiplatform.endpoints',
      'create',
      'delete',
      'deploy',
      'get',
      'list',
      'predict',
      'undeploy',
    ),
    ...permissions('aiplatform.endpoints', 'update'),
    ...permissions('aiplatform.executions', 'addExecutionEvents', 'create', 'get', 'list'),
    ...permissions('aiplatform.executions', 'queryExecutionInputsAndOutputs', 'update'),
    ...permissions('aiplatform.metadataStores', 'create', 'get', 'list'),
    ...permissions('aiplatform.modelDeploymentMonitoringJobs', 'create', 'delete', 'get', 'list', 'pause'),
    ...permissions('aiplatform.modelDeploymentMonitoringJobs', 'resume', 'searchStatsAnomalies', 'update'),
    ...permissions('aiplatform.modelEvaluations', 'get', 'import', 'list'),
    ...permissions('aiplatform.models', 'delete', 'get', 'list', 'update', 'upload'),
    'aiplatform.operations.list',
  ],
  'roles/aiplatform.viewer': [
    ...permissions('aiplatform.artifacts', 'get', 'list'),
    ...permissions('aiplatform.contexts', 'get', 'list', 'queryContextLineageSubgraph'),
    ...permissions('aiplatform.customJobs', 'get', 'list'),
    ...permissions('aiplatform.endpoints', 'get', 'list'),
    ...permissions('aiplatform.executions', 'get', 'list', 'queryExecutionInputsAndOutputs'),
    ...permissions('aiplatform.metadataStores', 'get', 'list'),
    ...permissions('aiplatform.modelDeploymentMonitoringJobs', 'get', 'list', 'searchStatsAnomalies'),
    ...permissions('aiplatform.modelEvaluations', 'get', 'list'),
    ...permissions('aiplatform.models', 'get', 'list'),
    'aiplatform.operations.list',
  ],
  'roles/aiplatform.serviceAgent': [
    'artifactregistry.repositories.downloadArtifacts',
    ...permissions('bigquery.datasets', 'create', 'get'),
    'bigquery.jobs.create',
    ...permissions('bigquery.tables', 'create', 'export', 'get', 'getData', 'update', 'updateData'),
    ...permissions('storage.objects', 'create', 'delete', 'get', 'list', 'update'),
  ],
  'roles/artifactregistry.admin': [
    'artifactregistry.repositories.downloadArtifacts',
    'artifactregistry.repositories.uploadArtifacts',
  ],
  'roles/artifactregistry.serviceAgent': ['artifactregistry.repositories.downloadArtifacts'],
  'roles/artifactregistry.reader': ['artifactregistry.repositories.downloadArtifacts'],
  'roles/bigquery.dataEditor': [
    ...permissions('bigquery.datasets', 'create', 'get'),
    ...permissions('bigquery.tables', 'create', 'delete', 'export', 'get', 'getData', 'list', 'update'),
    'bigquery.tables.updateData',
  ],
  'roles/bigquery.dataOwner': [
    ...permissions('bigquery.datasets', 'create', 'delete', 'get', 'update'),
    ...permissions('bigquery.tables', 'create', 'delete', 'export', 'get', 'getData', 'list', 'update'),
    'bigquery.tables.updateData',
  ],
  'roles/bigquery.dataViewer': [
    'bigquery.datasets.get',
    ...permissions('bigquery.tables', 'export', 'get', 'getData', 'list'),
  ],
  'roles/bigquery.jobUser': ['bigquery.jobs.create'],
  'roles/bigquery.metadataViewer': [
    'bigquery.datasets.get',
    ...permissions('bigquery.tables', 'get', 'list'),
  ],
  'roles/bigquery.user': [
    ...permissions('bigquery.datasets', 'create', 'get'),
    ...permissions('bigquery.jobs', 'create', 'list'),
    'bigquery.tables.list',
  ],
  'roles/cloudbuild.builds.builder': [
    ...permissions('artifactregistry.repositories', 'downloadArtifacts', 'uploadArtifacts'),
    'logging.logEntries.create',
    ...permissions('storage.objects', 'create', 'delete', 'get', 'list', 'update'),
  ],
  'roles/cloudfunctions.serviceAgent': [
    ...permissions('artifactregistry.repositories', 'downloadArtifacts', 'uploadArtifacts'),
  ],
  'roles/cloudscheduler.admin': [
    ...permissions('cloudscheduler.jobs', 'create', 'delete', 'enable', 'fullView', 'get', 'list', 'pause'),
    ...permissions('cloudscheduler.jobs', 'run', 'update'),
  ],
  'roles/cloudscheduler.serviceAgent': ['iam.serviceAccounts.getOpenIdToken', 'pubsub.topics.publish'],
  'roles/compute.networkUser': ['compute.subnetworks.use'],
  'roles/cloudkms.cryptoKeyEncrypterDecrypter': [
    ...permissions('cloudkms.cryptoKeyVersions', 'useToDecrypt', 'useToEncrypt'),
  ],
  'roles/dataflow.developer': [
    ...permissions('dataflow.jobs', 'cancel', 'create', 'get', 'list', 'updateContents'),
    'dataflow.messages.list',
    'dataflow.metrics.get',
  ],
  'roles/dataflow.serviceAgent': ['compute.subnetworks.use', 'iam.serviceAccounts.actAs'],
  'roles/dataflow.viewer': [
    ...permissions('dataflow.jobs', 'get', 'list'),
    'dataflow.messages.list',
    'dataflow.metrics.get',
  ],
  'roles/dataflow.worker': [
    'dataflow.jobs.get',
    ...permissions('dataflow.workItems', 'lease', 'sendMessage', 'update'),
    'logging.logEntries.create',
    ...permissions('storage.objects', 'create', 'get'),
  ],
  'roles/eventarc.eventReceiver': ['eventarc.events.receiveEvent'],
  'roles/eventarc.serviceAgent': ['iam.serviceAccounts.actAs', 'pubsub.topics.publish'],
  'roles/iam.serviceAccountUser': ['iam.serviceAccounts.actAs'],
  'roles/logging.logWriter': ['logging.logEntries.create'],
  'roles/logging.viewer': [...permissions('logging.logEntries', 'list'), 'logging.logs.list'],
  'roles/monitoring.viewer': ['monitoring.timeSeries.list'],
  'roles/notebooks.serviceAgent': [
    ...permissions('aiplatform.customJobs', 'cancel', 'create', 'get', 'list'),
  ],
  'roles/pubsub.publisher': ['pubsub.topics.publish'],
  'roles/pubsub.serviceAgent': ['iam.serviceAccounts.getOpenIdToken'],
  'roles/pubsub.subscriber': [
    'pubsub.snapshots.seek',
    'pubsub.subscriptions.consume',
    'pubsub.topics.attachSubscription',
  ],
  'roles/pubsub.viewer': [
    ...permissions('pubsub.snapshots', 'get', 'list'),
    ...permissions('pubsub.subscriptions', 'get', 'list'),
    ...permissions('pubsub.topics', 'get', 'list'),
  ],
  'roles/run.serviceAgent': ['artifactregistry.repositories.downloadArtifacts', 'run.routes.invoke'],
  'roles/run.invoker': ['run.routes.invoke'],
  'roles/storage.objectCreator': ['storage.objects.create'],
  'roles/storage.objectUser': [
    ...permissions('storage.objects', 'create', 'delete', 'get', 'list', 'update'),
  ],
  'roles/storage.objectViewer': [...permissions('storage.objects', 'get', 'list')],
} satisfies Record<`roles/${string}`, string[]>;

export type PredefinedRole = keyof typeof ROLES;

const BASIC_ROLES = ['roles/owner', 'roles/editor', 'roles/viewer'];

function permissions(resource: string, ...verbs: string[]): string[] {
  return verbs.map((verb) => `${resource}.${verb}`);
}

/**
 * What a predefined role permits.
 *
 * @throws Error for a basic role, which permits nearly everything, and for a role that the table doesn't have
 */
export function permissionsOf(role: string): ReadonlySet<string> {
  if (BASIC_ROLES.includes(role)) {
    throw new Error(
      `${role} is a basic role, which permits far more than any work needs: grant predefined roles.`,
    );
  }
  const found = (ROLES as Record<string, string[]>)[role];
  if (!found) {
    throw new Error(
      `The local cloud doesn't know the role ${role}: enter it with its permissions in local/iam/roles.ts, and where they were read in role-sources.ts.`,
    );
  }
  return new Set(found);
}
