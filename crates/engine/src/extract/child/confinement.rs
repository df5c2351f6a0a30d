//! What the child gives up before it looks at a file: memory, time, files, network, and every system call that
//! computing does not need.

use crate::extract::Limits;

/// Confines this process for good. Where the operating system is not Linux nothing is taken away.
#[cfg(not(target_os = "linux"))]
pub(super) fn confine(_limits: &Limits) -> Result<(), Box<dyn std::error::Error>> {
    Ok(())
}

/// Confines this process for good. Kernels without Landlock lose that layer only; without seccomp it is an error.
#[cfg(target_os = "linux")]
pub(super) fn confine(limits: &Limits) -> Result<(), Box<dyn std::error::Error>> {
    end_with_parent()?;
    limit_resources(limits)?;
    close_file_system_and_network()?;
    allow_only_computing()
}

/// A parent that is killed takes its children along. Until here they wait for its words and end by themselves.
///
/// The parent is the thread that started the child: it must not end before.
#[cfg(target_os = "linux")]
fn end_with_parent() -> std::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}

#[cfg(target_os = "linux")]
fn limit_resources(limits: &Limits) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let at_most = |soft: u64, hard: u64| Rlimit {
        current: Some(soft),
        maximum: Some(hard),
    };
    setrlimit(Resource::As, at_most(limits.max_memory_bytes, limits.max_memory_bytes))?;
    // The soft limit sends SIGXCPU, which the parent can tell from other ends; the hard one kills.
    setrlimit(
        Resource::Cpu,
        at_most(limits.max_cpu_seconds, limits.max_cpu_seconds + 1),
    )?;
    // Pipes are not files: the answer still gets out.
    setrlimit(Resource::Fsize, at_most(0, 0))?;
    setrlimit(Resource::Core, at_most(0, 0))?;
    Ok(())
}

#[cfg(target_os = "linux")]
fn close_file_system_and_network() -> Result<(), landlock::RulesetError> {
    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr};

    // Handled without any rule that allows: everything is refused, as far as the running kernel knows it.
    let newest = ABI::V5;
    Ruleset::default()
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .create()?
        .restrict_self()?;
    Ok(())
}

#[cfg(target_os = "linux")]
fn allow_only_computing() -> Result<(), Box<dyn std::error::Error>> {
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    };

    const ALLOWED: [i64; 27] = [
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_lseek,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_tgkill,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_getrandom,
        libc::SYS_restart_syscall,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    // Memory may be asked for, but none that can be executed.
    let not_executable = || {
        let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
        SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(executable), 0)
            .and_then(|condition| SeccompRule::new(vec![condition]))
    };
    let mut rules: std::collections::BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.into_iter().map(|call| (call, Vec::new())).collect();
    rules.insert(libc::SYS_mmap, vec![not_executable()?]);
    rules.insert(libc::SYS_mprotect, vec![not_executable()?]);

    // An error rather than a kill: ordinary files make pdfium look for fonts, and it copes without.
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(rules, refuse, SeccompAction::Allow, std::env::consts::ARCH.try_into()?)?;
    let program: BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program)?;
    Ok(())
}
