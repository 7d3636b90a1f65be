//! A small HTTP server on the loopback: files of a folder, and Git by `git http-backend`.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Serves a folder until it is dropped: bare repositories below `git/`, plain files elsewhere. Every path begins with
/// a token, so that only who was told can ask.
pub(crate) struct HttpServer {
    port: u16,
    token: String,
    stop: Arc<AtomicBool>,
}

/// A request, as far as it matters here.
struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl HttpServer {
    /// Serves `root` on a free port.
    pub(crate) fn start(root: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let stop = Arc::new(AtomicBool::new(false));
        let token = super::process::random_token();
        let (root, ended) = (root.to_owned(), Arc::clone(&stop));
        let prefix = format!("/{token}");
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (root, prefix) = (root.clone(), prefix.clone());
                std::thread::spawn(move || serve(stream, &root, &prefix));
            }
        });
        Self { port, token, stop }
    }

    /// Its address, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/{}", self.port, self.token)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for the next one.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// One request and its answer; the connection ends with it.
fn serve(stream: TcpStream, root: &Path, prefix: &str) {
    let Ok(mut out) = stream.try_clone() else {
        return;
    };
    let Some(mut request) = read(BufReader::new(stream)) else {
        return;
    };
    let below = request.path.strip_prefix(prefix).map(str::to_owned);
    let answer = match below {
        Some(path) if path.starts_with("/git/") => {
            request.path = path;
            git(&request, root)
        }
        Some(path) => file(&path, root),
        None => answer("404 Not Found", "", b""),
    };
    let _ = out.write_all(&answer);
}

fn read(mut stream: impl std::io::BufRead) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted);
    let chunked = header("transfer-encoding").is_some_and(|(_, how)| how == "chunked");
    let mut body = Vec::new();
    if chunked {
        loop {
            let mut size = String::new();
            stream.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk).ok()?;
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    } else if let Some((_, length)) = header("content-length") {
        body = vec![0; length.parse().ok()?];
        stream.read_exact(&mut body).ok()?;
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body,
    })
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn file(path: &str, root: &Path) -> Vec<u8> {
    let path = PathBuf::from(path.trim_start_matches('/'));
    let inside = path.components().all(|c| matches!(c, Component::Normal(_)));
    match std::fs::read(root.join(&path)) {
        Ok(body) if inside => answer("200 OK", "", &body),
        _ => answer("404 Not Found", "", b""),
    }
}

/// What `git http-backend` says, as CGI.
fn git(request: &Request, root: &Path) -> Vec<u8> {
    let header = |wanted: &str| {
        let found = request.headers.iter().find(|(name, _)| name == wanted);
        found.map_or("", |(_, value)| value.as_str())
    };
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", &request.query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_ADDR", "127.0.0.1");
    let said = (|| {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut stdin = child.stdin.take().expect("a pipe");
        let body = request.body.clone();
        let feeder = std::thread::spawn(move || {
            let _ = stdin.write_all(&body);
        });
        let mut said = Vec::new();
        child
            .stdout
            .take()
            .expect("a pipe")
            .read_to_end(&mut said)?;
        let _ = feeder.join();
        child.wait()?;
        std::io::Result::Ok(said)
    })()
    .unwrap_or_default();
    let Some(end) = said.windows(4).position(|window| window == b"\r\n\r\n") else {
        return answer(
            "500 Internal Server Error",
            "",
            b"git http-backend said nothing",
        );
    };
    let (head, body) = (&said[..end], &said[end + 4..]);
    let (mut status, mut headers) = ("200 OK".to_owned(), String::new());
    for line in String::from_utf8_lossy(head).lines() {
        if let Some(said) = line.strip_prefix("Status: ") {
            said.clone_into(&mut status);
        } else {
            headers += line;
            headers += "\r\n";
        }
    }
    answer(&status, &headers, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(server: &HttpServer, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\n\r\n").unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        said.lines().next().unwrap().to_owned()
    }

    #[test]
    fn only_who_has_the_token_is_served() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "text").unwrap();
        let server = HttpServer::start(dir.path());
        let token = &server.token;
        assert_eq!(
            status(&server, &format!("/{token}/file")),
            "HTTP/1.1 200 OK"
        );
        for path in ["/file", "/other/file", &format!("/{token}/../file")] {
            assert_eq!(status(&server, path), "HTTP/1.1 404 Not Found", "{path}");
        }
    }
}
