type Properties = Record<string, unknown>;

/** A resource's id and outputs as Google Cloud and the provider would answer them. */
export interface Made {
  id: string;
  outputs: Properties;
}

interface Context {
  name: string;
  inputs: Properties;
  projectNumbers: Record<string, string>;
}

const text = (value: unknown) => String(value ?? '');

/** For each type, what is known only after creation; the inputs are outputs too. */
const ANSWERS: Record<string, (context: Context) => { id: string; also?: Properties }> = {
  'gcp:pubsub/topic:Topic': ({ inputs }) => ({ id: `projects/${inputs.project}/topics/${inputs.name}` }),
  'gcp:pubsub/subscription:Subscription': ({ inputs }) => ({
    id: `projects/${inputs.project}/subscriptions/${inputs.name}`,
  }),
  'gcp:storage/bucket:Bucket': ({ inputs }) => ({
    id: text(inputs.name),
    also: { url: `gs://${inputs.name}`, selfLink: `https://www.googleapis.com/storage/v1/b/${inputs.name}` },
  }),
  'gcp:storage/bucketObject:BucketObject': ({ inputs }) => ({
    id: `${inputs.bucket}-${inputs.name}`,
    also: {
      outputName: inputs.name,
      selfLink: `https://www.googleapis.com/storage/v1/b/${inputs.bucket}/o/${inputs.name}`,
    },
  }),
  'gcp:storage/notification:Notification': ({ inputs, name }) => ({
    id: `${inputs.bucket}/notificationConfigs/${name}`,
    also: { notificationId: name },
  }),
  'gcp:serviceaccount/account:Account': ({ inputs, projectNumbers }) => {
    if (!/^[a-z][-a-z0-9]{4,28}[a-z0-9]$/.test(text(inputs.accountId))) {
      throw new Error(
        `The service account's id "${inputs.accountId}" must have 6 to 30 of a-z, 0-9 and dashes.`,
      );
    }
    const email = `${inputs.accountId}@${inputs.project}.iam.gserviceaccount.com`;
    const name = `projects/${inputs.project}/serviceAccounts/${email}`;
    const uniqueId = `1${text(projectNumbers[text(inputs.project)])}${text(inputs.accountId).length}`;
    return { id: name, also: { email, name, member: `serviceAccount:${email}`, uniqueId } };
  },
  'gcp:cloudfunctionsv2/function:Function': ({ inputs, projectNumbers }) => {
    const { project, location, name } = inputs;
    const uri = `https://${name}-${projectNumbers[text(project)]}.${location}.run.app`;
    const service = `projects/${project}/locations/${location}/services/${name}`;
    return {
      id: `projects/${project}/locations/${location}/functions/${name}`,
      also: {
        url: `https://${location}-${project}.cloudfunctions.net/${name}`,
        state: 'ACTIVE',
        environment: 'GEN_2',
        serviceConfig: { ...(inputs.serviceConfig as Properties), uri, gcfUri: uri, service },
      },
    };
  },
  'gcp:artifactregistry/repository:Repository': ({ inputs }) => ({
    id: `projects/${inputs.project}/locations/${inputs.location}/repositories/${inputs.repositoryId}`,
    also: {
      name: inputs.repositoryId,
      registryUri: `${inputs.location}-docker.pkg.dev/${inputs.project}/${inputs.repositoryId}`,
    },
  }),
  'gcp:cloudscheduler/job:Job': ({ inputs }) => ({
    id: `projects/${inputs.project}/locations/${inputs.region}/jobs/${inputs.name}`,
    also: { state: 'ENABLED' },
  }),
  'gcp:eventarc/trigger:Trigger': ({ inputs }) => ({
    id: `projects/${inputs.project}/locations/${inputs.location}/triggers/${inputs.name}`,
  }),
  'gcp:compute/network:Network': ({ inputs }) => ({
    id: `projects/${inputs.project}/global/networks/${inputs.name}`,
  }),
  'gcp:compute/subnetwork:Subnetwork': ({ inputs }) => {
    const id = `projects/${inputs.project}/regions/${inputs.region}/subnetworks/${inputs.name}`;
    return { id, also: { selfLink: `https://www.googleapis.com/compute/v1/${id}` } };
  },
  'gcp:workbench/instance:Instance': ({ inputs }) => ({
    id: `projects/${inputs.project}/locations/${inputs.location}/instances/${inputs.name}`,
    also: { proxyUri: `${inputs.name}-dot-${inputs.location}.notebooks.googleusercontent.com` },
  }),
  'gcp:kms/keyRing:KeyRing': ({ inputs }) => ({
    id: `projects/${inputs.project}/locations/${inputs.location}/keyRings/${inputs.name}`,
  }),
  'gcp:kms/cryptoKey:CryptoKey': ({ inputs }) => ({ id: `${inputs.keyRing}/cryptoKeys/${inputs.name}` }),
  'gcp:logging/projectBucketConfig:ProjectBucketConfig': ({ inputs }) => ({
    id: `projects/${inputs.project}/locations/${inputs.location}/buckets/${inputs.bucketId}`,
  }),
  'gcp:monitoring/notificationChannel:NotificationChannel': ({ inputs, name }) => {
    const channel = `projects/${inputs.project}/notificationChannels/${name}`;
    return { id: channel, also: { name: channel } };
  },
  'gcp:vertex/aiMetadataStore:AiMetadataStore': ({ inputs }) => ({
    id: `projects/${inputs.project}/locations/${inputs.region}/metadataStores/${inputs.name}`,
  }),
  'gcp:bigquery/dataset:Dataset': ({ inputs }) => ({
    id: `projects/${inputs.project}/datasets/${inputs.datasetId}`,
  }),
  'gcp:bigquery/table:Table': ({ inputs }) => ({
    id: `projects/${inputs.project}/datasets/${inputs.datasetId}/tables/${inputs.tableId}`,
  }),
};

/** Answers the creation of a resource as Google Cloud would. */
export function make(type: string, context: Context): Made {
  const { inputs, name } = context;
  const { id, also } = ANSWERS[type]?.(context) ?? { id: name };
  return { id, outputs: { ...inputs, ...also } };
}

/**
 * Answers a data source.
 *
 * @throws Error for one that is not known here
 */
export function lookUp(token: string, args: Properties, projectNumbers: Record<string, string>): Properties {
  const project = text(args.project);
  const number = projectNumbers[project];
  if (token === 'gcp:storage/getProjectServiceAccount:getProjectServiceAccount') {
    const emailAddress = `service-${number}@gs-project-accounts.iam.gserviceaccount.com`;
    return { project, emailAddress, id: emailAddress, member: `serviceAccount:${emailAddress}` };
  }
  if (token === 'gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount') {
    const email = `bq-${number}@bigquery-encryption.iam.gserviceaccount.com`;
    return { project, email, id: email, member: `serviceAccount:${email}` };
  }
  if (token === 'gcp:logging/getProjectCmekSettings:getProjectCmekSettings') {
    const name = `projects/${project}/cmekSettings`;
    const serviceAccountId = `cmek-p${number}@gcp-sa-logging.iam.gserviceaccount.com`;
    return { project, name, id: name, serviceAccountId, kmsKeyVersionName: '' };
  }
  if (token === 'gcp:organizations/getProject:getProject') {
    return { projectId: project, number, id: `projects/${project}` };
  }
  throw new Error(
    `The local run of the program has no answer for the data source ${token}; add it to local/program/google-outputs.ts.`,
  );
}
