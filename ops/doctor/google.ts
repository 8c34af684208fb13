import type { z } from 'zod';

/** Google's REST APIs that have no client library among the dependencies, with the caller's own credentials. */
export class Google {
  readonly #auth: Promise<import('google-auth-library').GoogleAuth>;

  constructor() {
    this.#auth = import('google-auth-library').then(
      ({ GoogleAuth }) => new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' }),
    );
  }

  /**
   * Calls an API and reads its answer.
   *
   * @param body makes it a POST
   * @throws the HTTP error, with `status`, or ZodError for an answer of another shape
   */
  async call<Schema extends z.ZodType>(
    url: string,
    schema: Schema,
    body?: object,
  ): Promise<z.output<Schema>> {
    const auth = await this.#auth;
    const { data } = await auth.request({ url, method: body ? 'POST' : 'GET', ...(body && { data: body }) });
    return schema.parse(data);
  }
}
