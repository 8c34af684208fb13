import { TEST_PROJECT } from './harness.ts';
import { type KeyedServices, PROJECT_NUMBER, REGION } from './kms-services.ts';
import { trainerPool } from './vertex-services.ts';

export const PARENT = `projects/${TEST_PROJECT}/locations/${REGION}`;
export const IMAGE = `${REGION}-docker.pkg.dev/${TEST_PROJECT}/images/serve`;

/** How a client creates what keys encrypt. */
export interface Creation {
  what: string;
  /** Who encrypts it. */
  agent: string;
  create(services: KeyedServices, id: string, kmsKeyName: string | undefined): Promise<unknown>;
}

/** What resources of Vertex AI say of their key. */
export const encryptionSpec = (kmsKeyName: string | undefined) =>
  kmsKeyName ? { encryptionSpec: { kmsKeyName } } : {};
const finished = async ([operation]: [{ promise(): Promise<unknown> }, ...unknown[]]) => operation.promise();

/** One for each kind of resource. */
export const CREATIONS: Creation[] = [
  {
    what: 'a bucket',
    agent: `service-${PROJECT_NUMBER}@gs-project-accounts.iam.gserviceaccount.com`,
    create: ({ storage }, id, key) =>
      storage.createBucket(id, {
        location: REGION,
        ...(key && { encryption: { defaultKmsKeyName: key } }),
      }),
  },
  {
    what: 'a dataset',
    agent: `bq-${PROJECT_NUMBER}@bigquery-encryption.iam.gserviceaccount.com`,
    create: ({ bigquery }, id, key) =>
      bigquery.createDataset(id.replaceAll('-', '_'), {
        location: REGION,
        ...(key && { defaultEncryptionConfiguration: { kmsKeyName: key } }),
      }),
  },
  {
    what: 'a dataset by a statement',
    agent: `bq-${PROJECT_NUMBER}@bigquery-encryption.iam.gserviceaccount.com`,
    create: ({ bigquery }, id, key) =>
      bigquery.query(
        `CREATE SCHEMA ${id.replaceAll('-', '_')} OPTIONS(location="${REGION}"${key ? `, default_kms_key_name="${key}"` : ''})`,
      ),
  },
  {
    what: 'a topic',
    agent: `service-${PROJECT_NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com`,
    create: ({ pubsub }, name, kmsKeyName) =>
      pubsub.createTopic({
        name,
        kmsKeyName,
        messageStoragePolicy: { allowedPersistenceRegions: [REGION] },
      }),
  },
  {
    what: 'a Dataflow job',
    agent: `service-${PROJECT_NUMBER}@dataflow-service-producer-prod.iam.gserviceaccount.com`,
    create: ({ templates }, jobName, kmsKeyName) =>
      templates.launchTemplate({
        projectId: TEST_PROJECT,
        location: REGION,
        gcsPath: `gs://dataflow-templates-${REGION}/latest/GCS_Text_to_BigQuery`,
        launchParameters: {
          jobName,
          environment: { tempLocation: 'gs://data/tmp', ...(kmsKeyName && { kmsKeyName }) },
          parameters: {
            inputFilePattern: 'gs://data/x.csv',
            JSONPath: 'gs://data/schema.json',
            outputTable: `${TEST_PROJECT}:census.x`,
            javascriptTextTransformGcsPath: 'gs://data/udf.js',
            javascriptTextTransformFunctionName: 'transform',
            bigQueryLoadingTemporaryDirectory: 'gs://data/tmp',
          },
        },
      }),
  },
  {
    what: 'a custom job',
    agent: `service-${PROJECT_NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com`,
    create: ({ vertex }, displayName, key) =>
      vertex.jobs.createCustomJob({
        parent: PARENT,
        customJob: { displayName, jobSpec: { workerPoolSpecs: [trainerPool()] }, ...encryptionSpec(key) },
      }),
  },
  {
    what: 'a model',
    agent: `service-${PROJECT_NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com`,
    create: ({ vertex }, modelId, key) =>
      vertex.models
        .uploadModel({
          parent: PARENT,
          modelId,
          model: { displayName: modelId, containerSpec: { imageUri: IMAGE }, ...encryptionSpec(key) },
        })
        .then(finished),
  },
  {
    what: 'an endpoint',
    agent: `service-${PROJECT_NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com`,
    create: ({ vertex }, endpointId, key) =>
      vertex.endpoints
        .createEndpoint({
          parent: PARENT,
          endpointId,
          endpoint: { displayName: endpointId, ...encryptionSpec(key) },
        })
        .then(finished),
  },
  {
    what: 'a metadata store',
    agent: `service-${PROJECT_NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com`,
    create: ({ vertex }, metadataStoreId, key) =>
      vertex.metadata
        .createMetadataStore({ parent: PARENT, metadataStoreId, metadataStore: encryptionSpec(key) })
        .then(finished),
  },
];
