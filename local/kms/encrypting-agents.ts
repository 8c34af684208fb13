/** For each service, the agents that encrypt what it keeps, by the number of the project. */
const AGENTS = {
  'aiplatform.googleapis.com': ['service-N@gcp-sa-aiplatform.iam.gserviceaccount.com'],
  'artifactregistry.googleapis.com': ['service-N@gcp-sa-artifactregistry.iam.gserviceaccount.com'],
  'bigquery.googleapis.com': ['bq-N@bigquery-encryption.iam.gserviceaccount.com'],
  // A function is source in a bucket, an image in a repository, and a Cloud Run service.
  'cloudfunctions.googleapis.com': [
    'service-N@gcf-admin-robot.iam.gserviceaccount.com',
    'service-N@gs-project-accounts.iam.gserviceaccount.com',
    'service-N@gcp-sa-artifactregistry.iam.gserviceaccount.com',
    'service-N@serverless-robot-prod.iam.gserviceaccount.com',
  ],
  // Compute Engine's encrypts the disks of the workers.
  'dataflow.googleapis.com': [
    'service-N@dataflow-service-producer-prod.iam.gserviceaccount.com',
    'service-N@compute-system.iam.gserviceaccount.com',
  ],
  'eventarc.googleapis.com': ['service-N@gcp-sa-eventarc.iam.gserviceaccount.com'],
  'logging.googleapis.com': ['cmek-pN@gcp-sa-logging.iam.gserviceaccount.com'],
  'pubsub.googleapis.com': ['service-N@gcp-sa-pubsub.iam.gserviceaccount.com'],
  'storage.googleapis.com': ['service-N@gs-project-accounts.iam.gserviceaccount.com'],
} as const;

/** A service that keeps something that a key can encrypt. */
export type EncryptingService = keyof typeof AGENTS;

/** The e-mail addresses of the service agents with which a service uses keys in a project. */
export function encryptingAgents(service: EncryptingService, projectNumber: string): string[] {
  return AGENTS[service].map((agent) => agent.replace('N@', `${projectNumber}@`));
}
