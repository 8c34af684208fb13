export type Severity = 'INFO' | 'WARNING' | 'ERROR';

/** One structured line on stdout, as Cloud Logging parses it: `severity` and `message`, then the details. */
export function log(severity: Severity, message: string, details: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ severity, message, ...details })}\n`);
}
