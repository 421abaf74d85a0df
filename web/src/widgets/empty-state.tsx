import type {ReactNode} from 'react';

interface EmptyStateProps {
  title: string;
  help?: string;
  children?: ReactNode;
}

/** Says why there is nothing here, and what to do about it. */
export function EmptyState({title, help, children}: EmptyStateProps): ReactNode {
  return (
    <div className="nx-empty">
      <strong>{title}</strong>
      {help === undefined ? null : <span>{help}</span>}
      {children}
    </div>
  );
}
