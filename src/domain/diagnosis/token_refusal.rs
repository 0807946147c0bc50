//! Why a token was refused: one text of the server, a dozen causes.
//!
//! Sources: AWS RDS guide, "Troubleshooting for IAM DB authentication" and "Creating and using an IAM
//! policy for IAM database access". What only AWS can show is marked as documented.

use super::findings::{Certainty, Finding, FixKind};
use super::login::{Case, fix};
use crate::domain::endpoint::Partition;
use crate::domain::ident;

/// 28P01 although a token was sent: the server compared it with a password, so no rule for
/// `rds_iam` matched the role.
pub(super) fn by_password_rule(case: &Case<'_>) -> Vec<Finding> {
    let user = &case.profile.user;
    let role = ident::role(user);
    let mut member = case.finding(
        "role-not-in-rds-iam",
        Certainty::Likely,
        format!("{user} is not a member of rds_iam, so the token was taken for a password"),
    );
    member.because = vec![
        case.said(),
        "a token was sent, and the server checked a password: only members of rds_iam are checked by IAM".to_owned(),
        "the server says the same for a role that does not exist".to_owned(),
    ];
    member.fixes = vec![fix(
        FixKind::Sql,
        format!("GRANT rds_iam TO {role}"),
        Some("the master user, or a role with ADMIN on rds_iam"),
    )];
    let mut missing = case.finding(
        "role-missing",
        Certainty::Possible,
        format!("there may be no role named {user}: upper and lower case differ"),
    );
    missing.because =
        vec!["the server hides whether a role exists before it has signed in".to_owned()];
    missing.fixes = vec![
        fix(FixKind::Profile, "correct the user's spelling", None),
        fix(
            FixKind::Sql,
            format!("CREATE USER {role} LOGIN; GRANT rds_iam TO {role}"),
            Some("the master user"),
        ),
    ];
    vec![member, missing]
}

/// PAM although a password was sent: membership in `rds_iam` wins over any password.
pub(super) fn password_to_iam_role(case: &Case<'_>) -> Finding {
    let user = &case.profile.user;
    let mut finding = case.finding(
        "password-sent-to-iam-role",
        Certainty::Certain,
        format!(
            "{user} is a member of rds_iam, directly or through another role, so no password works"
        ),
    );
    finding.because = vec![
        case.said(),
        "a password was sent, and the server checked for a token".to_owned(),
    ];
    finding.fixes = vec![
        fix(FixKind::Profile, "set sign_in.method to iam", None),
        fix(
            FixKind::Sql,
            format!("REVOKE rds_iam FROM {}", ident::role(user)),
            Some("the master user, from a session that is still open"),
        ),
    ];
    finding
}

/// PAM with a token: the role is in `rds_iam`, TLS was on, and the token was refused.
pub(super) fn by_pam(case: &Case<'_>) -> Vec<Finding> {
    let mut refused = case.finding(
        "token-refused",
        Certainty::Certain,
        format!(
            "{} signs in by IAM, and this token was refused",
            case.profile.user
        ),
    );
    refused.because = vec![
        case.said(),
        "this text proves that the role exists, is a member of rds_iam, and that TLS was on"
            .to_owned(),
        "it has one wording for every cause; the instance's iam-db-auth-error log names the one"
            .to_owned(),
    ];
    let mut found = vec![refused];
    found.extend(region(case));
    found.push(policy(case));
    found.push(switched_off(case));
    found.push(clock(case));
    found
}

/// The one defect of a token that we can see ourselves.
fn region(case: &Case<'_>) -> Option<Finding> {
    let endpoint = case.profile.endpoint();
    let signed = case.profile.signing_region()?;
    // A name that says its region is signed for it, whatever the profile says.
    if endpoint.region.is_some()
        && case
            .profile
            .region
            .as_ref()
            .is_none_or(|region| *region == signed)
    {
        return None;
    }
    let mut finding = case.finding(
        "region-mismatch",
        Certainty::Likely,
        format!("the token was signed for {signed}, which may not be the database's region"),
    );
    finding.because = vec![match (&endpoint.region, &case.profile.region) {
        (Some(named), Some(written)) => format!("the endpoint says {named}, the profile {written}"),
        _ => format!(
            "{} names no region, so the profile's was used",
            case.profile.host
        ),
    }];
    finding.fixes = vec![fix(
        FixKind::Profile,
        "set region to the region the database runs in, and host to its endpoint",
        None,
    )];
    Some(finding)
}

fn policy(case: &Case<'_>) -> Finding {
    let endpoint = case.profile.endpoint();
    let partition = match endpoint.partition {
        Partition::China => "aws-cn",
        Partition::GovCloud => "aws-us-gov",
        Partition::Commercial | Partition::Other => "aws",
    };
    let region = case.profile.signing_region().unwrap_or_default();
    let mut finding = case.finding(
        "policy-lacks-connect",
        Certainty::Possible,
        "the IAM policy may not allow rds-db:connect for this user on this database",
    );
    finding.documented_only = true;
    finding.because = vec![
        "the resource must name the resource id (db-… or, for Aurora, cluster-…), not the instance's name".to_owned(),
        "the user at the end of the resource is compared letter by letter".to_owned(),
    ];
    let statement = serde_json::json!({
        "Effect": "Allow",
        "Action": "rds-db:connect",
        "Resource": format!("arn:{partition}:rds-db:{region}:ACCOUNT:dbuser:RESOURCE-ID/{}", case.profile.user),
    });
    finding.fixes = vec![fix(
        FixKind::IamPolicy,
        statement.to_string(),
        Some("whoever owns the AWS principal's policies"),
    )];
    finding
}

fn switched_off(case: &Case<'_>) -> Finding {
    let mut finding = case.finding(
        "iam-authentication-off",
        Certainty::Possible,
        "IAM authentication may be off on the instance",
    );
    finding.documented_only = true;
    finding.because =
        vec!["the setting belongs to the instance, or to the cluster for Aurora".to_owned()];
    finding.fixes = vec![fix(
        FixKind::Aws,
        "aws rds modify-db-instance --db-instance-identifier ID --enable-iam-database-authentication --apply-immediately",
        None,
    )];
    finding
}

fn clock(case: &Case<'_>) -> Finding {
    let mut finding = case.finding(
        "clock-skew",
        Certainty::Possible,
        "this machine's clock may be wrong",
    );
    finding.documented_only = true;
    finding.because =
        vec!["a token is good for 15 minutes from the time this machine believes it is".to_owned()];
    finding.fixes = vec![fix(
        FixKind::Local,
        "compare the clock with a time server",
        None,
    )];
    finding
}
