// The line with the editor, its tools and the run button.
import {ActionIcon, Button, Tooltip} from '@mantine/core';
import {useDisclosure} from '@mantine/hooks';
import {
  IconIndentIncrease,
  IconListSearch,
  IconPlayerPlayFilled,
  IconPlayerStopFilled,
} from '@tabler/icons-react';
import {lazy, Suspense, useRef, useState, type KeyboardEvent, type ReactNode} from 'react';
import {isEnter} from '../base/keys.ts';
import {formatQuery} from '../api/client.ts';
import type {EditorHandle} from '../editor/expression-editor.tsx';
import {useMessages} from '../i18n/use-messages.ts';
import {describeError} from '../widgets/error-alert.tsx';
import {ErrorBoundary} from '../widgets/error-boundary.tsx';
import {showToast} from '../widgets/toast.tsx';
import {HistoryMenu} from './history-menu.tsx';
import {MetricsExplorer} from './metrics-explorer.tsx';

// Fetched at once, but the page shows before the editor's 130 KB are there.
const editorModule = import('../editor/expression-editor.tsx');
const ExpressionEditor = lazy(async () => ({default: (await editorModule).ExpressionEditor}));

interface ExpressionInputProps {
  /** What was run last. */
  expr: string;
  running: boolean;
  onRun: (expr: string) => void;
  onCancel: () => void;
  /** What stands to the right of the run button. */
  children: ReactNode;
}

export function ExpressionInput({expr, running, onRun, onCancel, children}: ExpressionInputProps): ReactNode {
  const {t} = useMessages();
  const [draft, setDraft] = useState(expr);
  const [shownExpr, setShownExpr] = useState(expr);
  const editor = useRef<EditorHandle>(null);
  const [exploring, explorer] = useDisclosure(false);
  if (expr !== shownExpr) {
    // Run from elsewhere: a link, an example, the back button.
    setShownExpr(expr);
    setDraft(expr);
  }
  const run = (text: string): void => {
    setDraft(text);
    onRun(text.trim());
  };
  const format = (): void => {
    if (draft.trim() === '') return;
    formatQuery(draft).then(setDraft, (error: Error) => showToast(describeError(error, t)));
  };
  const plainEditor = <PlainEditor draft={draft} onChange={setDraft} onRun={run} />;
  return (
    <div className="nx-panel-input">
      <div className="nx-expression">
        <div className="nx-expression-text">
          <ErrorBoundary fallback={plainEditor}>
            <Suspense fallback={plainEditor}>
              <ExpressionEditor ref={editor} value={draft} onChange={setDraft} onRun={run} />
            </Suspense>
          </ErrorBoundary>
        </div>
        <div className="nx-expression-tools">
          <Tooltip label={t('query.format')}>
            <ActionIcon size="md" aria-label={t('query.format')} onClick={format}>
              <IconIndentIncrease size={18} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={t('explorer.open')}>
            <ActionIcon size="md" aria-label={t('explorer.open')} onClick={explorer.open}>
              <IconListSearch size={18} />
            </ActionIcon>
          </Tooltip>
          <HistoryMenu onPick={run} />
        </div>
      </div>
      {running ? (
        <Button
          className="nx-run"
          h={40}
          variant="default"
          leftSection={<IconPlayerStopFilled size={16} />}
          onClick={onCancel}
        >
          {t('query.running')}
        </Button>
      ) : (
        <Button
          className="nx-run"
          h={40}
          leftSection={<IconPlayerPlayFilled size={16} />}
          onClick={() => run(draft)}
        >
          {t('query.run')}
        </Button>
      )}
      {children}
      <MetricsExplorer
        opened={exploring}
        onClose={explorer.close}
        onPick={(metric) => {
          explorer.close();
          editor.current?.insert(metric);
        }}
      />
    </div>
  );
}

interface PlainEditorProps {
  draft: string;
  onChange: (draft: string) => void;
  onRun: (draft: string) => void;
}

/** Stands in for the editor until it is there, and for good where it cannot be fetched. */
function PlainEditor({draft, onChange, onRun}: PlainEditorProps): ReactNode {
  const {t} = useMessages();
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!isEnter(event) || event.shiftKey) return;
    event.preventDefault();
    onRun(draft);
  };
  return (
    <textarea
      className="nx-expression-waiting"
      rows={draft.split('\n').length}
      value={draft}
      placeholder={t('query.placeholder')}
      aria-label={t('query.expression')}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={onKeyDown}
    />
  );
}
