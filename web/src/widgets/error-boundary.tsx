import {Button} from '@mantine/core';
import {Component, type ReactNode} from 'react';
import {useMessages} from '../i18n/use-messages.ts';
import {Notice} from './notice.tsx';

interface ErrorBoundaryProps {
  children: ReactNode;
  /** Shown in place of what failed; the error's text where there is none. */
  fallback?: ReactNode;
}

interface State {
  error: Error | null;
}

/** Keeps a bug in one part of the page from taking the rest with it. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, State> {
  override state: State = {error: null};

  static getDerivedStateFromError(error: unknown): State {
    return {error: error instanceof Error ? error : new Error(String(error))};
  }

  override render(): ReactNode {
    const {error} = this.state;
    if (error === null) return this.props.children;
    return this.props.fallback ?? <Crash error={error} />;
  }
}

function Crash({error}: {error: Error}): ReactNode {
  const {t} = useMessages();
  const reload = (
    <Button size="compact-sm" variant="default" onClick={() => location.reload()}>
      {t('error.reload')}
    </Button>
  );
  return (
    <Notice kind="error" title={t('error.crash')} actions={reload}>
      {t('error.crashHelp')}
      <pre className="nx-server-text">{error.stack ?? error.message}</pre>
    </Notice>
  );
}
