import { z } from 'zod';
import type { Declaration } from './declaration.ts';
import { examine, type Finding, failure, warning } from './finding.ts';
import type { Google } from './google.ts';

const Services = z.object({
  services: z.array(z.object({ config: z.object({ name: z.string() }) })).default([]),
  nextPageToken: z.string().optional(),
});

/** Whether every API that the program enables is enabled. */
export async function examineApis(declaration: Declaration, google: Google): Promise<Finding[]> {
  const enabled = new Map(
    declaration.projects().map((project) => [project, enabledApis(project, google)] as const),
  );
  return Promise.all(
    declaration.ofType('gcp:projects/service:Service').map(({ inputs }) => {
      const { project, service } = inputs as { project: string; service: string };
      return examine('api', `projects/${project}/services/${service}`, async () =>
        (await enabled.get(project))?.has(service)
          ? undefined
          : failure('not enabled', `gcloud services enable ${service} --project ${project}`),
      );
    }),
  );
}

async function enabledApis(project: string, google: Google): Promise<Set<string>> {
  const names = new Set<string>();
  let pageToken = '';
  do {
    const url = `https://serviceusage.googleapis.com/v1/projects/${project}/services?filter=state:ENABLED&pageSize=200`;
    const page = await google.call(pageToken ? `${url}&pageToken=${pageToken}` : url, Services);
    for (const { config } of page.services) names.add(config.name);
    pageToken = page.nextPageToken ?? '';
  } while (pageToken);
  return names;
}

/** What the doctor itself needs, of those permissions that a project can be asked about. */
const NEEDED = [
  'cloudfunctions.functions.get',
  'iam.serviceAccounts.get',
  'iam.serviceAccounts.getIamPolicy',
  'pubsub.subscriptions.get',
  'pubsub.topics.getIamPolicy',
  'resourcemanager.projects.getIamPolicy',
  'serviceusage.services.list',
];
const Held = z.object({ permissions: z.array(z.string()).default([]) });

/** Whether the caller may look at all that the doctor looks at. */
export function examineAccess(declaration: Declaration, google: Google): Promise<Finding[]> {
  return Promise.all(
    declaration.projects().map((project) =>
      examine('access', `projects/${project}`, async () => {
        const url = `https://cloudresourcemanager.googleapis.com/v3/projects/${project}:testIamPermissions`;
        const { permissions } = await google.call(url, Held, { permissions: NEEDED });
        const missing = NEEDED.filter((permission) => !permissions.includes(permission));
        if (missing.length === 0) return undefined;
        return warning(
          `you lack ${missing.join(', ')}`,
          'Have roles/viewer and roles/iam.securityReviewer granted to you in the project.',
        );
      }),
    ),
  );
}
