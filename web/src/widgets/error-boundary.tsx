import {Component, type ReactNode} from 'react';
import {useMessages} from '../i18n/use-messages.ts';
import {Notice} from './notice.tsx';

interface State {
  error: Error | null;
}

/** Keeps a bug in one part of the page from taking the rest with it. */
export class ErrorBoundary extends Component<{children: ReactNode}, State> {
  override state: State = {error: null};

  static getDerivedStateFromError(error: unknown): State {
    return {error: error instanceof Error ? error : new Error(String(error))};
  }

  override render(): ReactNode {
    return this.state.error === null ? this.props.children : <Crash error={this.state.error} />;
  }
}

function Crash({error}: {error: Error}): ReactNode {
  const {t} = useMessages();
  return (
    <Notice kind="error" title={t('error.crash')}>
      {t('error.crashHelp')}
      <pre className="nx-server-text">{error.stack ?? error.message}</pre>
    </Notice>
  );
}
