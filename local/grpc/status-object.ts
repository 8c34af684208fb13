import * as grpc from '@grpc/grpc-js';
import type { StatusError } from '../status.ts';
import { ProtoLibrary } from './protos.ts';

/** Where google.rpc.Status and its details are defined; every client package brings it along. */
const rpc = new ProtoLibrary('google-gax');
rpc.load(['google/rpc/status.proto', 'google/rpc/error_details.proto']);

/** A status as gRPC carries it; an error's info goes with it as a detail, where the clients look for it. */
export function statusObject({ grpcCode, message, errorInfo }: StatusError): Partial<grpc.StatusObject> {
  if (!errorInfo) return { code: grpcCode, details: message };
  const info = rpc.type('google.rpc.ErrorInfo');
  const detail = {
    type_url: 'type.googleapis.com/google.rpc.ErrorInfo',
    value: info.encode(info.fromObject(errorInfo)).finish(),
  };
  const status = rpc.type('google.rpc.Status');
  const bytes = status.encode(status.fromObject({ code: grpcCode, message, details: [detail] })).finish();
  const metadata = new grpc.Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(bytes));
  return { code: grpcCode, details: message, metadata };
}
