import type { PredefinedRole } from './roles.ts';

/**
 * Where the permissions of each role in roles.ts were read and compared, one by one, on 28 November 2026: the commit of
 * github.com/iann0036/iam-dataset, which keeps in `gcp/roles` what `gcloud iam roles describe` answers, or else Google's
 * own page. What Google answers today may be more.
 */
export const ROLE_SOURCES: Record<PredefinedRole, string> = {
  'roles/aiplatform.user': '1e151e59',
  'roles/aiplatform.viewer': '432458d3',
  'roles/aiplatform.serviceAgent': '525b1f5e',
  'roles/artifactregistry.admin': '033ef4ba',
  'roles/artifactregistry.serviceAgent': '4d8154cd',
  'roles/artifactregistry.reader': '007750ed',
  'roles/bigquery.dataEditor': '078b24f2',
  'roles/bigquery.dataOwner': '16961aa5',
  'roles/bigquery.dataViewer': '1818bc70',
  'roles/bigquery.jobUser': '1818bc70',
  'roles/bigquery.metadataViewer': '1818bc70',
  'roles/bigquery.user': '033ef4ba',
  'roles/cloudbuild.builds.builder': '01aa2724',
  'roles/cloudfunctions.serviceAgent': '048907c7',
  'roles/cloudscheduler.admin': '1818bc70',
  'roles/cloudscheduler.serviceAgent': '1818bc70',
  'roles/compute.networkUser': '000967c1',
  'roles/cloudkms.cryptoKeyEncrypterDecrypter': '1818bc70',
  'roles/dataflow.developer': '0e00ce8c',
  'roles/dataflow.serviceAgent': '000967c1',
  'roles/dataflow.viewer': '1818bc70',
  'roles/dataflow.worker': '000967c1',
  // The permission is younger than the copy there.
  'roles/eventarc.eventReceiver': 'https://cloud.google.com/iam/docs/roles-permissions/eventarc',
  'roles/eventarc.serviceAgent': '04d103ee',
  'roles/iam.serviceAccountUser': '1818bc70',
  'roles/logging.logWriter': '1818bc70',
  'roles/logging.viewer': '1818bc70',
  'roles/monitoring.viewer': '660df912',
  'roles/notebooks.serviceAgent': '0044f06a',
  'roles/pubsub.publisher': '1818bc70',
  'roles/pubsub.serviceAgent': '1818bc70',
  'roles/pubsub.subscriber': '1818bc70',
  'roles/pubsub.viewer': '4388ec2f',
  'roles/run.serviceAgent': '10cb56fd',
  'roles/run.invoker': '1818bc70',
  'roles/storage.objectCreator': '53c23024',
  'roles/storage.objectUser': '0f631ebd',
  'roles/storage.objectViewer': '49a20a56',
};
