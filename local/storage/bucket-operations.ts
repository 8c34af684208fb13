import { z } from 'zod';
import { StatusError } from '../status.ts';
import { bucketResource } from './bucket-resource.ts';
import { policyResource, readPolicy } from './iam-policy.ts';
import { notificationResource, readNotification } from './notification-config.ts';
import { PRECONDITION_PARAMETERS, readPreconditions, requirePreconditions } from './preconditions.ts';
import { type Operation, pageSize, type Query, requiredBody, type StorageCall } from './requests.ts';
import type { StorageEngine } from './storage-engine.ts';

const BUCKETS = '/storage/v1/b';
const BUCKET = `${BUCKETS}/:bucket`;
const METAGENERATION_PARAMETERS = PRECONDITION_PARAMETERS.filter((name) =>
  name.startsWith('ifMetageneration'),
);

/** The methods of `storage.buckets`. */
export function bucketOperations(engine: StorageEngine): Operation[] {
  return [
    {
      name: 'storage.buckets.insert',
      method: 'POST',
      paths: [BUCKETS],
      query: ['project'],
      run: (call) => {
        const project = requiredParameter(call.query, 'project');
        const { name, ...fields } = readNewBucket(call.body);
        call.authorize('storage.buckets.create', name);
        engine.createBucket({ location: 'US', ...fields, name, project });
        return bucketResource(engine.buckets.get(name).resource);
      },
    },
    {
      name: 'storage.buckets.list',
      method: 'GET',
      paths: [BUCKETS],
      query: ['project', 'prefix', 'maxResults', 'pageToken'],
      run: (call) => listBuckets(engine, call),
    },
    {
      name: 'storage.buckets.get',
      method: 'GET',
      paths: [BUCKET],
      query: METAGENERATION_PARAMETERS,
      run: (call) => {
        call.authorize('storage.buckets.get', call.bucket);
        return bucketResource(onConditions(engine, call).resource);
      },
    },
    {
      name: 'storage.buckets.patch',
      method: 'PATCH',
      paths: [BUCKET],
      query: METAGENERATION_PARAMETERS,
      run: (call) => {
        call.authorize('storage.buckets.update', call.bucket);
        onConditions(engine, call);
        engine.patchBucket(call.bucket, requiredBody(call.body));
        return bucketResource(engine.buckets.get(call.bucket).resource);
      },
    },
    {
      name: 'storage.buckets.delete',
      method: 'DELETE',
      paths: [BUCKET],
      query: METAGENERATION_PARAMETERS,
      run: (call) => {
        call.authorize('storage.buckets.delete', call.bucket);
        engine.buckets.delete(onConditions(engine, call));
        return call.reply.code(204).send();
      },
    },
    ...policyOperations(engine),
    ...notificationOperations(engine),
  ];
}

function policyOperations(engine: StorageEngine): Operation[] {
  return [
    {
      name: 'storage.buckets.getIamPolicy',
      method: 'GET',
      paths: [`${BUCKET}/iam`],
      query: ['optionsRequestedPolicyVersion'],
      run: (call) => {
        call.authorize('storage.buckets.getIamPolicy', call.bucket);
        return policyResource(call.bucket, engine.buckets.get(call.bucket).iamPolicy);
      },
    },
    {
      name: 'storage.buckets.setIamPolicy',
      method: 'PUT',
      paths: [`${BUCKET}/iam`],
      run: (call) => {
        call.authorize('storage.buckets.setIamPolicy', call.bucket);
        const bucket = engine.buckets.get(call.bucket);
        bucket.iamPolicy = readPolicy(call.body, bucket.iamPolicy);
        engine.buckets.save(bucket);
        return policyResource(call.bucket, bucket.iamPolicy);
      },
    },
    {
      name: 'storage.buckets.testIamPermissions',
      method: 'GET',
      paths: [`${BUCKET}/iam/testPermissions`],
      query: ['permissions'],
      run: (call) => {
        engine.buckets.get(call.bucket);
        return {
          kind: 'storage#testIamPermissionsResponse',
          permissions: askedPermissions(call).filter((permission) => isGranted(call, permission)),
        };
      },
    },
  ];
}

function notificationOperations(engine: StorageEngine): Operation[] {
  const find = (call: StorageCall) => {
    const bucket = engine.buckets.get(call.bucket);
    const id = call.path.notification;
    const config = bucket.notifications.find((candidate) => candidate.id === id);
    if (config) return { bucket, config };
    throw new StatusError('NOT_FOUND', `No such notification config: ${call.bucket}/${id}`, {
      reason: 'notFound',
    });
  };
  return [
    {
      name: 'storage.notifications.insert',
      method: 'POST',
      paths: [`${BUCKET}/notificationConfigs`],
      run: (call) => {
        call.authorize('storage.buckets.update', call.bucket);
        const config = engine.addNotification(call.bucket, readNotification(call.body));
        return notificationResource(call.bucket, config);
      },
    },
    {
      name: 'storage.notifications.list',
      method: 'GET',
      paths: [`${BUCKET}/notificationConfigs`],
      run: (call) => {
        call.authorize('storage.buckets.get', call.bucket);
        const { notifications } = engine.buckets.get(call.bucket);
        return {
          kind: 'storage#notifications',
          items: notifications.map((config) => notificationResource(call.bucket, config)),
        };
      },
    },
    {
      name: 'storage.notifications.get',
      method: 'GET',
      paths: [`${BUCKET}/notificationConfigs/:notification`],
      run: (call) => {
        call.authorize('storage.buckets.get', call.bucket);
        return notificationResource(call.bucket, find(call).config);
      },
    },
    {
      name: 'storage.notifications.delete',
      method: 'DELETE',
      paths: [`${BUCKET}/notificationConfigs/:notification`],
      run: (call) => {
        call.authorize('storage.buckets.update', call.bucket);
        const { bucket, config } = find(call);
        bucket.notifications = bucket.notifications.filter((candidate) => candidate !== config);
        engine.buckets.save(bucket);
        return call.reply.code(204).send();
      },
    },
  ];
}

function listBuckets(engine: StorageEngine, call: StorageCall): object {
  const project = requiredParameter(call.query, 'project');
  call.authorize('storage.buckets.list');
  const { prefix = '', pageToken = '' } = call.query;
  const size = pageSize(call.query);
  const found = engine.buckets
    .ofProject(project)
    .filter(({ resource: { name } }) => name.startsWith(prefix) && name > pageToken);
  const page = found.slice(0, size);
  return {
    kind: 'storage#buckets',
    items: page.map(({ resource }) => bucketResource(resource)),
    ...(found.length > size ? { nextPageToken: page.at(-1)!.resource.name } : {}),
  };
}

function onConditions(engine: StorageEngine, call: StorageCall) {
  const bucket = engine.buckets.get(call.bucket);
  requirePreconditions(readPreconditions(call.query), bucket.resource);
  return bucket;
}

const NewBucket = z.looseObject({ name: z.string() });

function readNewBucket(body: unknown): z.infer<typeof NewBucket> {
  const parsed = NewBucket.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new StatusError('INVALID_ARGUMENT', 'Required bucket name.', { reason: 'required' });
}

/** The query repeats `permissions`, so it is read from the request rather than from the call's query. */
function askedPermissions(call: StorageCall): string[] {
  const { permissions } = call.request.query as { permissions?: string | string[] };
  return permissions === undefined ? [] : [permissions].flat();
}

function isGranted(call: StorageCall, permission: string): boolean {
  try {
    call.authorize(permission, call.bucket);
    return true;
  } catch (error) {
    if (error instanceof StatusError && error.status === 'PERMISSION_DENIED') return false;
    throw error;
  }
}

function requiredParameter(query: Query, parameter: string): string {
  const value = query[parameter];
  if (value) return value;
  throw new StatusError('INVALID_ARGUMENT', `Required parameter: ${parameter}`, { reason: 'required' });
}
