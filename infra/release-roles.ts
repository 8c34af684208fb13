import type { ReasonedRole } from './components/grant.ts';

/** A role with which a pipeline applies the program, and the types that it is for, by how their names begin. */
interface ManagingRole extends ReasonedRole {
  manages: string[];
}

/**
 * What `pulumi up` of a stack needs: for each type of resource that the program declares, the smallest predefined role
 * that makes, changes and deletes it. A test holds this against what the program declares: no type is without a role
 * and no role without a type.
 */
const EVERYWHERE: ManagingRole[] = [
  { role: 'roles/aiplatform.user', why: "makes Vertex AI's stores", manages: ['gcp:vertex/'] },
  {
    role: 'roles/artifactregistry.admin',
    why: 'makes the image repositories, says who manages them, and pushes images',
    manages: ['gcp:artifactregistry/'],
  },
  { role: 'roles/bigquery.dataOwner', why: 'makes the ledger', manages: ['gcp:bigquery/'] },
  { role: 'roles/cloudbuild.builds.editor', why: 'makes the triggers', manages: ['gcp:cloudbuild/'] },
  {
    role: 'roles/cloudfunctions.developer',
    why: 'makes the functions',
    manages: ['gcp:cloudfunctionsv2/'],
  },
  { role: 'roles/cloudkms.admin', why: 'makes the key and says who encrypts with it', manages: ['gcp:kms/'] },
  { role: 'roles/cloudscheduler.admin', why: 'makes the schedules', manages: ['gcp:cloudscheduler/'] },
  { role: 'roles/iam.serviceAccountAdmin', why: 'makes the accounts', manages: ['gcp:serviceaccount/'] },
  { role: 'roles/logging.configWriter', why: 'makes the log bucket and metrics', manages: ['gcp:logging/'] },
  {
    role: 'roles/monitoring.alertPolicyEditor',
    why: 'makes the alerts',
    manages: ['gcp:monitoring/alertPolicy:'],
  },
  {
    role: 'roles/monitoring.dashboardEditor',
    why: 'makes the dashboard',
    manages: ['gcp:monitoring/dashboard:'],
  },
  {
    role: 'roles/monitoring.notificationChannelEditor',
    why: 'makes the channels of alerts',
    manages: ['gcp:monitoring/notificationChannel:'],
  },
  { role: 'roles/pubsub.admin', why: 'makes topics and subscriptions', manages: ['gcp:pubsub/'] },
  {
    role: 'roles/resourcemanager.projectIamAdmin',
    why: 'grants roles on the project',
    manages: ['gcp:projects/iAMMember:'],
  },
  { role: 'roles/run.admin', why: 'says who may call the functions', manages: ['gcp:cloudrunv2/'] },
  {
    role: 'roles/serviceusage.serviceUsageAdmin',
    why: 'enables APIs and brings their agents into being',
    manages: ['gcp:projects/service:', 'gcp:projects/serviceIdentity:'],
  },
  { role: 'roles/storage.admin', why: 'makes the bucket and uploads sources', manages: ['gcp:storage/'] },
];

const TRAINING: ManagingRole[] = [
  {
    role: 'roles/compute.networkAdmin',
    why: "makes the workers' network",
    manages: ['gcp:compute/network:', 'gcp:compute/subnetwork'],
  },
  {
    role: 'roles/compute.securityAdmin',
    why: 'lets the workers reach each other',
    manages: ['gcp:compute/firewall:'],
  },
  {
    role: 'roles/eventarc.admin',
    why: "makes the trigger of Dataflow's states and its channel",
    manages: ['gcp:eventarc/'],
  },
  {
    role: 'roles/iam.roleAdmin',
    why: 'makes the role of previews',
    manages: ['gcp:projects/iAMCustomRole:'],
  },
];

/** What applying the program of a tenant's stack takes. */
export const applyingRoles = (tenant: 'nonprod' | 'prod'): ManagingRole[] =>
  tenant === 'nonprod' ? [...EVERYWHERE, ...TRAINING] : EVERYWHERE;

/** What every build needs, whatever it builds. */
export const BUILDING: ReasonedRole[] = [
  { role: 'roles/logging.logWriter', why: "writes the build's log" },
  // Neither the connection nor the link to a repository has an IAM policy of its own.
  { role: 'roles/developerconnect.readTokenAccessor', why: 'reads the repository' },
];
