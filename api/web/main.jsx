// GraphiQL 3 (codemirror) and not 5 (monaco): 1.2 MB in two files, not 7 MB in twenty with three web workers.
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { buildSchema } from 'graphql';
import { createClient } from 'graphql-ws';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import './style.css';

const SESSION = 'gonghui.session';

const EXAMPLE = `# Sign in above (登录), then press Ctrl+Enter (运行).
# Who am I, and which unions stand below Hunan?
query {
  viewer {
    name
  }
  federation(code: "430000000000") {
    name
    level
    children(first: 20) {
      nodes {
        name
        code
      }
    }
  }
}
`;

const LOGIN =
  'mutation($input: LoginInput!){login(input:$input){accessToken refreshToken expiresAt userErrors{code field message}}}';

/** Who is signed in: `{ who, token, until }`, or null. Kept by the tab only. */
const session = () => JSON.parse(sessionStorage.getItem(SESSION));

const bearer = () => (session() ? { authorization: `Bearer ${session().token}` } : {});

/** Sends the token, unless the reader wrote an Authorization header of their own. */
const fetchAsCaller = (url, init) =>
  fetch(url, { ...init, headers: { ...bearer(), ...Object.fromEntries(new Headers(init.headers)) } });

const wsClient = createClient({
  url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
  connectionParams: bearer,
});

const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  fetch: fetchAsCaller,
  enableIncrementalDelivery: false,
  wsClient,
});

/** The published schema, so that the documentation is there before signing in. Without it GraphiQL introspects. */
async function publishedSchema() {
  try {
    const reply = await fetch('/schema.graphql');
    return reply.ok ? buildSchema(await reply.text(), { assumeValidSDL: true }) : undefined;
  } catch {
    return undefined;
  }
}

async function signInPerson(username, password, otp) {
  const reply = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: LOGIN, variables: { input: { username, password, ...(otp && { otp }) } } }),
  });
  const { data, errors } = await reply.json();
  const problems = errors ?? data.login.userErrors;
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.message).join(' '));
  return { who: username, token: data.login.accessToken, until: data.login.expiresAt };
}

async function signInClient(clientId, clientSecret) {
  const basic = btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`);
  const reply = await fetch('/oauth/token', {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    credentials: 'omit', // or the browser would answer a refusal with a password window of its own
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const answer = await reply.json();
  if (!reply.ok) throw new Error(answer.error_description ?? answer.error);
  return { who: clientId, token: answer.access_token, until: new Date(Date.now() + answer.expires_in * 1000) };
}

function SignIn({ onSignIn }) {
  const [machine, setMachine] = useState(false);
  const [problem, setProblem] = useState('');

  const submit = async (event) => {
    event.preventDefault();
    setProblem('');
    const { id, secret, otp } = Object.fromEntries(new FormData(event.target));
    try {
      onSignIn(machine ? await signInClient(id, secret) : await signInPerson(id, secret, otp));
    } catch (error) {
      setProblem(error.message);
    }
  };
  const field = (name, label, more) => (
    <input name={name} placeholder={label} aria-label={label} autoComplete="off" required {...more} />
  );

  return (
    <form className="bar" onSubmit={submit}>
      <a href="/">Gonghui 工会</a>
      <select aria-label="Sign in as" onChange={(event) => setMachine(event.target.value === 'machine')}>
        <option value="person">Person 用户</option>
        <option value="machine">Machine client 对接系统</option>
      </select>
      {field('id', machine ? 'Client ID' : 'Username 用户名')}
      {field('secret', machine ? 'Client secret' : 'Password 密码', { type: 'password' })}
      {!machine && field('otp', 'One-time code 动态码', { required: false })}
      <button>Sign in 登录</button>
      <span role="alert">{problem}</span>
    </form>
  );
}

function SignedIn({ who, until, onSignOut }) {
  return (
    <div className="bar">
      <a href="/">Gonghui 工会</a>
      <span>
        Signed in 已登录: <b>{who}</b>, until 有效至 {new Date(until).toLocaleTimeString()}
      </span>
      <button onClick={onSignOut}>Sign out 退出</button>
    </div>
  );
}

function App({ schema }) {
  const [caller, setCaller] = useState(session);

  const change = (next) => {
    if (next) sessionStorage.setItem(SESSION, JSON.stringify(next));
    else sessionStorage.removeItem(SESSION);
    wsClient.terminate(); // live subscriptions must not go on as the former caller
    setCaller(next);
  };

  // Queries and variables may name people: like the token, they stay in the tab.
  return (
    <>
      {caller ? <SignedIn {...caller} onSignOut={() => change(null)} /> : <SignIn onSignIn={change} />}
      <GraphiQL fetcher={fetcher} schema={schema} defaultQuery={EXAMPLE} storage={sessionStorage} />
    </>
  );
}

createRoot(document.getElementById('root')).render(<App schema={await publishedSchema()} />);
