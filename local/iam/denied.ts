import type { Access } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { parseResourceName } from './resource-name.ts';

/** The answer to a call that isn't permitted; its info has permission, resource and principal for programs. */
export function denied(access: Access): StatusError {
  const { principal, permission, resource } = access;
  const { service } = parseResourceName(resource);
  return new StatusError('PERMISSION_DENIED', message(service, access), {
    reason: service === 'bigquery.googleapis.com' ? 'accessDenied' : 'forbidden',
    errorInfo: {
      reason: 'IAM_PERMISSION_DENIED',
      domain: service,
      metadata: { permission, resource, principal },
    },
  });
}

function message(service: string, { principal, permission, resource }: Access): string {
  if (service === 'storage.googleapis.com') {
    const email = principal.replace(/^\w+:/, '');
    const what = resource.includes('/objects/') ? 'object' : 'bucket';
    return `${email} does not have ${permission} access to the Google Cloud Storage ${what}. Permission '${permission}' denied on resource '${resource}' (or it may not exist).`;
  }
  if (service === 'bigquery.googleapis.com') {
    const [kind, name] = bigqueryName(resource);
    return `Access Denied: ${kind} ${name}: Permission ${permission} denied on ${kind.toLowerCase()} ${name} for ${principal} (or it may not exist).`;
  }
  return `Permission '${permission}' denied on resource '${resource}' (or it may not exist).`;
}

/** As BigQuery writes names: `project:dataset.table`. */
function bigqueryName(resource: string): [kind: string, name: string] {
  const [, project, dataset, table] =
    /projects\/([^/]+)(?:\/datasets\/([^/]+)(?:\/tables\/([^/]+))?)?/.exec(resource) ?? [];
  if (table) return ['Table', `${project}:${dataset}.${table}`];
  return dataset ? ['Dataset', `${project}:${dataset}`] : ['Project', String(project)];
}
