// The frame around all pages: language, theme, data cache, header, and which page an address means.
import {MantineProvider} from '@mantine/core';
import {QueryClientProvider} from '@tanstack/react-query';
import {lazy, Suspense, useEffect, useMemo, type ReactNode} from 'react';
import {Redirect, Route, Router, Switch} from 'wouter';
import {basePath} from '../api/client.ts';
import {queryClient} from '../api/queries.ts';
import {usePreference} from '../base/preference.ts';
import {chosenLanguage, languageOf, MessagesContext, messagesIn, useMessages} from '../i18n/use-messages.ts';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorBoundary} from '../widgets/error-boundary.tsx';
import {Toaster} from '../widgets/toast.tsx';
import {Header} from './header.tsx';
import {ReadinessBanner} from './readiness.tsx';
import {colorSchemeManager, theme} from './theme.ts';

const QueryPage = lazy(async () => ({default: (await import('../query/query-page.tsx')).QueryPage}));
const AlertsPage = lazy(async () => ({default: (await import('../alerts/alerts-page.tsx')).AlertsPage}));
const RulesPage = lazy(async () => ({default: (await import('../rules/rules-page.tsx')).RulesPage}));
const SilencesPage = lazy(async () => ({
  default: (await import('../silences/silences-page.tsx')).SilencesPage,
}));
const SilenceFormPage = lazy(async () => ({
  default: (await import('../silences/silence-form-page.tsx')).SilenceFormPage,
}));
const RoutingPage = lazy(async () => ({default: (await import('../routing/routing-page.tsx')).RoutingPage}));
const NotificationsPage = lazy(async () => ({
  default: (await import('../notifications/notifications-page.tsx')).NotificationsPage,
}));
const BacktestPage = lazy(async () => ({
  default: (await import('../backtest/backtest-page.tsx')).BacktestPage,
}));
const TargetsPage = lazy(async () => ({default: (await import('../targets/targets-page.tsx')).TargetsPage}));
const DiscoveryPage = lazy(async () => ({
  default: (await import('../discovery/discovery-page.tsx')).DiscoveryPage,
}));
const AlertmanagersPage = lazy(async () => ({
  default: (await import('../discovery/alertmanagers-page.tsx')).AlertmanagersPage,
}));
const TsdbPage = lazy(async () => ({default: (await import('../status/tsdb-page.tsx')).TsdbPage}));
const StatusPage = lazy(async () => ({default: (await import('../status/status-page.tsx')).StatusPage}));
const FlagsPage = lazy(async () => ({default: (await import('../status/flags-page.tsx')).FlagsPage}));
const ConfigPage = lazy(async () => ({default: (await import('../status/config-page.tsx')).ConfigPage}));

export function App(): ReactNode {
  return (
    <MantineProvider theme={theme} colorSchemeManager={colorSchemeManager} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <LanguageProvider>
          <Router base={basePath}>
            <Frame />
          </Router>
        </LanguageProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}

function LanguageProvider({children}: {children: ReactNode}): ReactNode {
  const [chosen] = usePreference(chosenLanguage);
  const language = languageOf(chosen);
  const messages = useMemo(() => messagesIn(language), [language]);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  return <MessagesContext value={messages}>{children}</MessagesContext>;
}

function Frame(): ReactNode {
  const {t} = useMessages();
  return (
    <>
      <a className="nx-skip" href="#main">
        {t('nav.skip')}
      </a>
      <Header />
      <ReadinessBanner />
      <main className="nx-main" id="main" tabIndex={-1}>
        <ErrorBoundary>
          <Suspense fallback={null}>
            <Pages />
          </Suspense>
        </ErrorBoundary>
      </main>
      <Toaster />
    </>
  );
}

function Pages(): ReactNode {
  const {t} = useMessages();
  return (
    <Switch>
      <Route path="/query">
        <QueryPage />
      </Route>
      <Route path="/alerts">
        <AlertsPage />
      </Route>
      <Route path="/rules">
        <RulesPage />
      </Route>
      <Route path="/silences">
        <SilencesPage />
      </Route>
      <Route path="/silence">
        <SilenceFormPage />
      </Route>
      <Route path="/routing">
        <RoutingPage />
      </Route>
      <Route path="/notifications">
        <NotificationsPage />
      </Route>
      <Route path="/backtest">
        <BacktestPage />
      </Route>
      <Route path="/targets">
        <TargetsPage />
      </Route>
      <Route path="/service-discovery">
        <DiscoveryPage />
      </Route>
      <Route path="/alertmanager-discovery">
        <AlertmanagersPage />
      </Route>
      <Route path="/tsdb-status">
        <TsdbPage />
      </Route>
      <Route path="/status">
        <StatusPage />
      </Route>
      <Route path="/flags">
        <FlagsPage />
      </Route>
      <Route path="/config">
        <ConfigPage />
      </Route>
      <Route path="/">
        <Redirect to="/query" replace />
      </Route>
      <Route path="/graph">
        <Redirect to={`/query${location.search}`} replace />
      </Route>
      <Route>
        <EmptyState title={t('error.notFound')} help={t('error.notFoundHelp')} />
      </Route>
    </Switch>
  );
}
