/** What the HTTP API calls `errorType`, for queries. */
export type QueryErrorKind = 'bad_data' | 'execution' | 'timeout' | 'canceled' | 'internal';

/** A query that ends without a result. The message is Prometheus's where it has one. */
export class QueryError extends Error {
  readonly kind: QueryErrorKind;

  constructor(kind: QueryErrorKind, message: string) {
    super(message);
    this.name = 'QueryError';
    this.kind = kind;
  }
}

export function executionError(message: string): QueryError {
  return new QueryError('execution', message);
}

export const sameLabelsetMessage = 'vector cannot contain metrics with the same labelset';

/** Whether a query ended because of what is in it, and not of its size or for want of time. */
export function isFailure(error: unknown): boolean {
  return (
    error instanceof QueryError &&
    error.kind === 'execution' &&
    !error.message.startsWith('query processing would ')
  );
}
